import type { Variable } from '@/api/types'

/** Call-associated data (C18): how values are written, and whether a draft of one can be sent. The server has the last word. */

export const longest = 256

/** Which rule a draft breaks; undefined if none. An empty one is no value, whatever the type. */
export function brokenRule(type: Variable['type'], value: string): 'integer' | 'decimal' | 'dateTime' | 'tooLong' | undefined {
  if (value === '') return undefined
  if (Array.from(value).length > longest) return 'tooLong'
  if (type === 'integer' && !/^[+-]?\d+$/.test(value)) return 'integer'
  if (type === 'decimal' && !/^[+-]?\d+(\.\d+)?$/.test(value)) return 'decimal'
  if (type === 'date_time' && Number.isNaN(Date.parse(value))) return 'dateTime'
  return undefined
}

/** A point in time as the browser's own field writes it: local, without a zone. */
export function toLocal(iso: string): string {
  const t = new Date(iso)
  if (Number.isNaN(t.getTime())) return ''
  const two = (n: number) => String(n).padStart(2, '0')
  return `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())}T${two(t.getHours())}:${two(t.getMinutes())}`
}

/** What that field gives, as ISO 8601 with its zone. */
export function fromLocal(local: string): string {
  const t = new Date(local)
  return local === '' || Number.isNaN(t.getTime()) ? '' : t.toISOString().replace(/\.\d+Z$/, 'Z')
}

/** A change that somebody has typed and not yet sent, with the version that they had before them. */
export interface Draft {
  value: string
  version: number
}

export type Drafts = Record<string, Draft>

/** Drafts as this browser keeps them; what is not one is dropped. */
export function readDrafts(text: string): Drafts {
  let kept: unknown
  try {
    kept = JSON.parse(text)
  } catch {
    return {}
  }
  if (typeof kept !== 'object' || kept === null) return {}
  return Object.fromEntries(
    Object.entries(kept).filter((e): e is [string, Draft] => {
      const d = e[1] as Partial<Draft> | null
      return typeof d?.value === 'string' && typeof d.version === 'number'
    }),
  )
}

/** Somebody has written the value since the draft was begun. */
export function replaced(v: Variable, draft: Draft | undefined): boolean {
  return draft !== undefined && draft.version < v.version && draft.value !== v.value
}
