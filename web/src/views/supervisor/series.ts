import type { FigureSeries } from '@/api/types'

export type Interval = FigureSeries['items'][number]

/** How many intervals are shown at least, so that a morning's first call does not fill the page. */
const least = 8

/** Leaves out the time before anybody called: a day that begins at midnight says nothing until the doors open. */
export function trimmed(items: readonly Interval[]): readonly Interval[] {
  const first = items.findIndex((i) => i.entered > 0 || i.presented > 0)
  if (first < 0) return []
  return items.slice(Math.max(0, Math.min(first - 1, items.length - least)))
}

/** Seconds since 1970 at which the intervals begin, as the plots want them. */
export function beginnings(items: readonly Interval[]): number[] {
  return items.map((i) => Date.parse(i.from) / 1000)
}

/** What stands on top of what: each row is the sum of itself and all below. */
export function stacked(...rows: readonly number[][]): number[][] {
  const below: number[] = []
  return rows.map((row) =>
    row.map((v, i) => {
      below[i] = (below[i] ?? 0) + v
      return below[i]
    }),
  )
}

export function total(items: readonly Interval[]): { answered: number; abandoned: number; unanswered: number } {
  return items.reduce((sum, i) => ({ answered: sum.answered + i.answered, abandoned: sum.abandoned + i.abandoned, unanswered: sum.unanswered + i.unanswered }), {
    answered: 0,
    abandoned: 0,
    unanswered: 0,
  })
}

/** The least and the most of what there is; undefined where there is nothing. */
export function range(values: readonly (number | undefined)[]): { low: number; high: number } | undefined {
  const known = values.filter((v) => v !== undefined)
  return known.length === 0 ? undefined : { low: Math.min(...known), high: Math.max(...known) }
}

/** A day by the tenant's clocks. */
export interface Day {
  from: string
  /** When the next one begins; undefined = it goes on. */
  to: string | undefined
}

/** The days of a series of whole days, newest first. They are not all of 24 hours, so that only the server can tell where they begin. */
export function daysOf(items: readonly Interval[]): Day[] {
  return items.map((i, at) => ({ from: i.from, to: items[at + 1]?.from })).reverse()
}
