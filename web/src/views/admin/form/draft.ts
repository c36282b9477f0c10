/**
 * What is being written: a row of the set-up as the API has it, changed field by field. A number that cannot be read as one is kept as the text that it is, so that nothing
 * that was typed is lost; such a draft is not sent.
 */
export type Draft = Readonly<Record<string, unknown>>

/** The value at a name like `wrap_up.time`. */
export function valueAt(draft: Draft, name: string): unknown {
  let at: unknown = draft
  for (const part of name.split('.')) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Draft)[part]
  }
  return at
}

/** The draft with another value at a name. */
export function withValue(draft: Draft, name: string, value: unknown): Draft {
  const [first = '', ...rest] = name.split('.')
  if (rest.length === 0) return { ...draft, [first]: value }
  const inner = draft[first]
  return { ...draft, [first]: withValue(typeof inner === 'object' && inner !== null ? (inner as Draft) : {}, rest.join('.'), value) }
}

/** The API leaves out what is nothing, so that what is left out, empty, false or 0 is all the same. Inside of lists everything counts. */
function bare(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((v: unknown) => bare(v) ?? null)
  if (typeof value === 'object' && value !== null) {
    const kept = Object.entries(value)
      .map(([k, v]) => [k, bare(v)] as const)
      .filter(([, v]) => v !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    return kept.length === 0 ? undefined : Object.fromEntries(kept)
  }
  return value === '' || value === false || value === 0 || value === null ? undefined : value
}

/** Two values that mean the same to the API. */
export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(bare(a)) === JSON.stringify(bare(b))
}

/** What the server says of a row, and nobody writes: whatever the contract marks so, and `live`. */
export const said: ReadonlySet<string> = new Set(['version', 'live', 'has_password', 'password_until', 'password_at', 'registered', 'switches', 'open', 'until', 'created_at'])

/** A row or draft as it is sent. */
export function body(draft: Draft): Record<string, unknown> {
  return Object.fromEntries(Object.entries(draft).filter(([name, value]) => !said.has(name) && value !== undefined))
}

/** Whether anything was written that the row does not say. */
export function isChanged(row: Draft, draft: Draft): boolean {
  return !same(body(row), body(draft))
}

export interface Merged {
  draft: Draft
  /** Fields that somebody else changed and that were taken over. */
  taken: string[]
  /** Fields that both changed: what is written here stays. */
  disputed: string[]
}

/** Puts what was written on an old version onto a newer one. Fields of the first level are taken as a whole. */
export function merge(base: Draft, mine: Draft, theirs: Draft): Merged {
  const merged: Merged = { draft: { ...theirs }, taken: [], disputed: [] }
  const draft: Record<string, unknown> = { ...theirs }
  for (const name of new Set([...Object.keys(base), ...Object.keys(mine), ...Object.keys(theirs)])) {
    if (said.has(name)) continue
    const byMe = !same(base[name], mine[name])
    const byThem = !same(base[name], theirs[name])
    if (byMe) draft[name] = mine[name]
    if (byThem && !same(mine[name], theirs[name])) merged[byMe ? 'disputed' : 'taken'].push(name)
  }
  return { ...merged, draft }
}

/** Which of the fields a server's complaint is about: `members[2].agent` belongs to `members`, `wrap_up.time` to itself. */
export function fieldOf(complaint: string | undefined, fields: readonly string[]): string | undefined {
  if (!complaint) return undefined
  return fields.filter((f) => complaint === f || complaint.startsWith(`${f}.`) || complaint.startsWith(`${f}[`)).sort((a, b) => b.length - a.length)[0]
}

/** Which item of a list a complaint is about: 2 of `members[2].agent`. */
export function itemOf(complaint: string | undefined): number | undefined {
  const found = /\[(\d+)\]/.exec(complaint ?? '')
  return found ? Number(found[1]) : undefined
}

/** What was typed where a number belongs: the number, nothing, or the text if it is no number. */
export function numberFrom(text: string): number | string | undefined {
  const tidy = text.trim().replace(',', '.')
  if (tidy === '') return undefined
  return /^-?\d+(\.\d+)?$/.test(tidy) ? Number(tidy) : text
}

/** A number as it is written; 0 and what is left out are nothing. */
export function numberText(value: unknown): string {
  return typeof value === 'number' && value !== 0 ? String(value) : typeof value === 'string' ? value : ''
}

/** An id that can be read in addresses and in the audit log, made of a name. Empty where nothing of the name can be in an id: the server then chooses one. */
export function idFrom(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/ß/g, 'ss')
    .replace(/ł/gi, 'l')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 64)
}
