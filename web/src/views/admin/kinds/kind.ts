import type { LucideIcon } from 'lucide-react'
import type { ComponentType, ReactNode } from 'react'
import type { TFunction } from 'i18next'
import type { Tone } from '@/ui/Tag'
import type { Draft } from '../form/draft'
import type { Section } from '../form/fields'

/** What every row of the set-up has. */
export interface Row {
  id: string
  name: string
  tenant?: string
  version: number
}

export type KindID = 'users' | 'teams' | 'agents' | 'phones' | 'queues' | 'entry-points' | 'hours' | 'tenants' | 'trunks' | 'contacts'

export interface Column<T> {
  /** Heading: `<kind>.<id>` in the catalogue, as the field of that name has. */
  id: string
  /** What is sorted by, and searched in. */
  text: (row: T, t: TFunction<'admin'>) => string | number
  /** The text says how the row stands, in this colour: it is shown of an open row as well. */
  tone?: (row: T) => Tone
  /** How it is shown, if it is not the text. */
  show?: ComponentType<{ row: T }>
}

/** What has to be asked before something is written. */
export interface Question {
  title: string
  text: ReactNode
  go: string
}

/**
 * A kind of set-up: how it is listed, written and sent. Views are made of this; nothing in them knows one kind from another.
 */
export interface Kind<T extends Row = Row> {
  /** In the address. */
  id: KindID
  /** In the catalogue. */
  texts: 'users' | 'teams' | 'agents' | 'phones' | 'queues' | 'entryPoints' | 'hours' | 'tenants' | 'trunks' | 'contacts'
  /** In the audit log. */
  object: string
  icon: LucideIcon
  /** Operations of the API, by which we know what may be done. */
  operations: { create: string; replace: string; remove: string }
  /** Its file, if it can be exported and imported. */
  csv?: 'users' | 'teams' | 'agents' | 'phones' | 'queues' | 'entry-points'
  columns: readonly Column<T>[]
  sections: readonly Section<T>[]
  /** What people call it. */
  title: (row: T) => string
  /** What a new one begins with. */
  blank: (tenant: string) => Draft
  list(tenant: string | undefined, search?: string): Promise<T[]>
  /** Reads one. Only of a kind with too many rows to have all of them: its list is the newest of those that the server finds, and the last of these says that there are more. */
  one?: (id: string) => Promise<T>
  create(body: Draft, agreed: boolean): Promise<T>
  replace(row: T, body: Draft, agreed: boolean): Promise<T>
  remove(row: T, typed: string): Promise<unknown>
  /** Before it is deleted one of these has to be typed (N3). */
  typed?: (row: T) => string[]
  /** What has to be agreed to before this is written. */
  question?: (draft: Draft, t: TFunction<'admin'>) => Promise<Question | undefined>
  /** What else is shown of one: what it leads to, deeds of its own. */
  beside?: ComponentType<{ row: T; mayWrite: boolean }>
}

/** As many rows are listed at once. */
export const mostFound = 200

/** The version that one has seen, for the server to compare. */
export function seen(row: Row): { 'If-Match': string } {
  return { 'If-Match': `"${row.version}"` }
}
