import type { AgentView, Call, Change, DirectoryItem, Engine, Entry, QueueView, Snapshot } from '@/api/types'

/** How the event stream stands. */
export type Link = 'connecting' | 'live' | 'lost'

/**
 * What is going on, as far as this user may see it. It does not change: a change makes a new one, in which whatever did not change is the same object as before, so that
 * views are drawn again only where something happened.
 */
export interface Live {
  link: Link
  /** Since when `link` is as it is, milliseconds. */
  linkSince: number
  /** The stream goes on after this one; undefined before the first snapshot. */
  position: number | undefined
  calls: ReadonlyMap<string, Call>
  agents: ReadonlyMap<string, AgentView>
  queues: ReadonlyMap<string, QueueView>
  engines: ReadonlyMap<string, Engine>
  /** Agents of whom this user sees no more than everybody does. */
  directory: ReadonlyMap<string, DirectoryItem>
  /** The newest lines of the timeline since the stream began, oldest first. */
  entries: readonly Entry[]
}

/** How many lines of the timeline are kept. */
export const mostEntries = 500

export const nothing: Live = {
  link: 'connecting',
  linkSince: 0,
  position: undefined,
  calls: new Map(),
  agents: new Map(),
  queues: new Map(),
  engines: new Map(),
  directory: new Map(),
  entries: [],
}

function byID<T extends { id: string }>(items: readonly T[] | undefined): ReadonlyMap<string, T> {
  return new Map((items ?? []).map((i) => [i.id, i]))
}

/** A snapshot replaces everything that was known, but for the timeline, which it does not carry. */
export function withSnapshot(live: Live, s: Snapshot): Live {
  return {
    ...live,
    position: s.position,
    calls: byID(s.calls),
    agents: byID(s.agents),
    queues: byID(s.queues),
    engines: byID(s.engines),
    directory: byID(s.directory),
  }
}

function merged<T extends { id: string }>(
  had: ReadonlyMap<string, T>,
  changed: readonly T[] | undefined,
  gone: readonly string[] | undefined,
): ReadonlyMap<string, T> {
  if (!changed?.length && !gone?.some((id) => had.has(id))) return had
  const next = new Map(had)
  for (const id of gone ?? []) next.delete(id)
  for (const item of changed ?? []) next.set(item.id, item)
  return next
}

/** What a change says on top of what was known. */
export function withChange(live: Live, c: Change): Live {
  const agents = c.agents?.map((a) => a.id)
  const listed = c.directory?.map((d) => d.id)
  return {
    ...live,
    position: c.position,
    calls: merged(live.calls, c.calls, c.gone_calls),
    // An agent is seen either as a whole or as everybody does, never both.
    agents: merged(live.agents, c.agents, [...(c.gone_agents ?? []), ...(listed ?? [])]),
    directory: merged(live.directory, c.directory, [...(c.gone_agents ?? []), ...(agents ?? [])]),
    queues: merged(live.queues, c.queues, c.gone_queues),
    engines: merged(live.engines, c.engines, c.gone_engines),
    entries: c.entries?.length ? [...live.entries, ...c.entries].slice(-mostEntries) : live.entries,
  }
}
