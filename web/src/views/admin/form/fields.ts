import type { ComponentType } from 'react'
import type { Draft } from './draft'

/**
 * Forms as data. A form is sections of fields; a field has the API's own name, which the compiler holds to the contract, and its texts are in the catalogue under that name:
 * `<kind>.<name>` is the label and `<kind>.<name>_hint` what is said below it. What no general field can show is a field of its own (`own`).
 */

/** The names of a row's fields as the API says them, those of an object within it as `wrap_up.time`. */
export type Name<T> = {
  [K in keyof T & string]: NonNullable<T[K]> extends readonly unknown[] | string | number | boolean
    ? K
    : string extends keyof NonNullable<T[K]>
      ? K
      : K | `${K}.${keyof NonNullable<T[K]> & string}`
}[keyof T & string]

/** What can be chosen by reference. */
export type Source = 'agents' | 'hours' | 'queues' | 'teams' | 'engines' | 'skills'

/** What an editor of its own gets. */
export interface EditorProps {
  draft: Draft
  set: (name: string, value: unknown) => void
  /** What is wrong with it, and with which item of a list. */
  error: string | undefined
  item: number | undefined
  isReadOnly: boolean
}

interface Common<T> {
  name: Name<T>
  /** Shown only where it applies. */
  when?: (draft: Draft) => boolean
  /** Only when something new is made; it cannot be changed later. */
  onlyNew?: boolean
  wide?: boolean
}

export type Field<T> = Common<T> &
  (
    | { as: 'text'; mode?: 'tel'; isRequired?: boolean; placeholder?: string }
    /** The short name in addresses and files: made of the name until somebody writes another. */
    | { as: 'id' }
    | { as: 'flag'; isInverted?: boolean }
    /** Left empty it is `usual`, which the server fills in; without one, empty means none. */
    | { as: 'number' | 'seconds'; usual?: number }
    /** One of a few words. '' is a choice too where the list has it. Words are in the catalogue as `<kind>.<name>_<word>`. */
    | { as: 'choice'; of: readonly string[]; byDefault?: string }
    /** The same with a sentence for each (`…_<word>_hint`), all to be seen at once. */
    | { as: 'cards'; of: readonly string[]; byDefault: string }
    | { as: 'one'; of: Source; none: boolean }
    | { as: 'many'; of: Source }
    /** Texts that are typed in one after the other. */
    | { as: 'words'; read?: (text: string) => string[] }
    | { as: 'own'; edit: ComponentType<EditorProps>; also?: readonly Name<T>[] }
  )

export interface Section<T> {
  /** Heading: `<kind>.section_<id>` in the catalogue, `…_hint` below it. */
  id: string
  when?: (draft: Draft) => boolean
  fields: readonly Field<T>[]
}

/** All names that a form has a place for. */
export function namesOf(sections: readonly Section<never>[]): string[] {
  return sections.flatMap((s) => s.fields.flatMap((f) => [f.name, ...(f.as === 'own' ? ((f.also ?? [])) : [])]))
}
