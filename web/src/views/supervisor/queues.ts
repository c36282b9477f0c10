import type { AgentState, AgentView, Call, Queue, QueueFigures, QueueView } from '@/api/types'

export type Span = 'today' | 'last_60_minutes' | 'last_15_minutes'

export const spans: readonly Span[] = ['today', 'last_60_minutes', 'last_15_minutes']

export type Figures = QueueFigures['queues'][number]

/** Agents of a queue by their state. */
export type Staff = Readonly<Record<AgentState, number>>

const nobody: Staff = { offline: 0, available: 0, idle: 0, reserved: 0, engaged: 0, wrap_up: 0, rona: 0 }

/** How a queue's members stand, of those who may be seen. */
export function staffOf(members: readonly { agent: string }[], agents: ReadonlyMap<string, AgentView>): Staff {
  const staff = { ...nobody }
  for (const m of members) {
    const agent = agents.get(m.agent)
    if (agent) staff[agent.state]++
  }
  return staff
}

export function signedIn(staff: Staff): number {
  return Object.values(staff).reduce((a, b) => a + b, 0) - staff.offline
}

/**
 * How many agents could be offered a call now, each counted once: available, not in the pause after a missed one, with a phone that can be reached, and in a queue that has
 * somebody free. Who is in which queue comes with the set-up; until that is known every agent is taken to be in one.
 */
export function freeOf(agents: Iterable<AgentView>, queues: ReadonlyMap<string, QueueView>, setup: ReadonlyMap<string, Queue> | undefined): number {
  const members = setup && new Set([...setup.values()].filter((q) => queues.get(q.id)?.free !== 0).flatMap((q) => q.members.map((m) => m.agent)))
  let free = 0
  for (const a of agents) if (a.state === 'available' && !a.paused_till && !a.phone_down && (!members || members.has(a.id))) free++
  return free
}

/** Since when the first in each queue has been waiting. The stream's own: figures are some seconds behind. */
export function oldestOf(queues: ReadonlyMap<string, QueueView>, calls: ReadonlyMap<string, Call>): ReadonlyMap<string, string> {
  const since = new Map<string, string>()
  for (const q of queues.values()) {
    const call = q.oldest === undefined ? undefined : calls.get(q.oldest)
    if (call?.queued_at) since.set(q.id, call.queued_at)
  }
  return since
}

/** Seconds within which a queue means to answer; until that is known, as many as queues have by default. */
export function inTimeOf(figures: ReadonlyMap<string, Figures> | undefined, queue: string | undefined): number {
  const known = queue === undefined ? undefined : figures?.get(queue)
  return known?.service_level ?? 20
}

/** What a queue's row shows. Set-up and figures come a little later than the stream, and not for everybody. */
export interface Row {
  queue: QueueView
  since: string | undefined
  figures: Figures | undefined
  staff: Staff | undefined
}

export function rowsOf(
  queues: ReadonlyMap<string, QueueView>,
  calls: ReadonlyMap<string, Call>,
  agents: ReadonlyMap<string, AgentView>,
  setup: ReadonlyMap<string, Queue> | undefined,
  figures: ReadonlyMap<string, Figures> | undefined,
): Row[] {
  const oldest = oldestOf(queues, calls)
  return [...queues.values()]
    .map((queue) => {
      const members = setup?.get(queue.id)?.members
      return { queue, since: oldest.get(queue.id), figures: figures?.get(queue.id), staff: members && staffOf(members, agents) }
    })
    .sort((a, b) => a.queue.name.localeCompare(b.queue.name) || (a.queue.id < b.queue.id ? -1 : 1))
}

/** Two rows show the same. */
export function sameRow(a: Row, b: Row): boolean {
  return a.queue === b.queue && a.since === b.since && a.figures === b.figures && sameStaff(a.staff, b.staff)
}

function sameStaff(a: Staff | undefined, b: Staff | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return (Object.keys(nobody) as AgentState[]).every((s) => a[s] === b[s])
}
