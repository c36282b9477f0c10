import type { CallRecord, Entry } from '@/api/types'

/** The line of the timeline that says of an agent's own call that it is over: of the one that ended last. */
export function lastClosed(entries: readonly Entry[], agent: string): Entry | undefined {
  return entries.findLast((e) => e.kind === 'call.closed' && e.agent === agent)
}

/** Reports whether the record of a call that is over belongs among the latest ones, at most so many and the newest first, and is not there yet. */
export function isMissing(closed: Entry | undefined, latest: readonly CallRecord[] | undefined, most: number): boolean {
  if (!closed?.record || !latest || latest.some((r) => r.call === closed.call)) return false
  const oldest = latest.at(-1)
  return latest.length < most || !oldest || Date.parse(closed.record.arrived_at) > Date.parse(oldest.arrived_at)
}
