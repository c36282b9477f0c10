import type { AgentView } from '@/api/types'
import type { Agent } from './kinds/agents'
import type { EntryPoint } from './kinds/entryPoints'
import type { KindID } from './kinds/kind'
import type { Phone } from './kinds/phones'
import type { Queue } from './kinds/queues'
import type { User } from './kinds/users'

/** What is missing for calls to be answered, or looks forgotten. */
export interface Gap {
  what:
    | 'noAgents'
    | 'noQueues'
    | 'noEntryPoints'
    | 'queueEmpty'
    | 'leadsNowhere'
    | 'noNumbers'
    | 'isOff'
    | 'phoneDown'
    | 'noCalls'
    | 'noSignIn'
    | 'noPassword'
    | 'phoneNoPassword'
  /** Whoever calls now is not served; otherwise it may be meant so. */
  bad: boolean
  /** Where it is mended: one of a kind, or a new one where `id` is left out. */
  at: { kind: KindID; id?: string }
  name: string
}

export interface Setup {
  agents: readonly Agent[]
  queues: readonly Queue[]
  entryPoints: readonly EntryPoint[]
  /** Undefined to whom users are not shown. */
  users: readonly User[] | undefined
  /** Those that are set up here. */
  phones: readonly Phone[]
  live: ReadonlyMap<string, AgentView>
}

/** Everything that is worth a look in the set-up, the worst first. What is wrong at the switches: `troubles`. */
export function gaps({ agents, queues, entryPoints, users, phones, live }: Setup): Gap[] {
  const found: Gap[] = []
  const say = (what: Gap['what'], bad: boolean, at: Gap['at'], name = '') => found.push({ what, bad, at, name })
  if (agents.length === 0) say('noAgents', true, { kind: 'agents' })
  // Numbers may ring phones without any queue.
  if (queues.length === 0 && !entryPoints.some((e) => e.users?.length)) say('noQueues', true, { kind: 'queues' })
  if (entryPoints.length === 0) say('noEntryPoints', true, { kind: 'entry-points' })
  for (const q of queues) if (q.members.length === 0) say('queueEmpty', true, { kind: 'queues', id: q.id }, q.name)
  for (const e of entryPoints) {
    const at = { kind: 'entry-points', id: e.id } as const
    if (e.off) say('isOff', false, at, e.name)
    else if (!e.queue && !e.users?.length) say('leadsNowhere', true, at, e.name)
    else if (e.numbers.length === 0) say('noNumbers', false, at, e.name)
  }
  const served = new Set([...queues.flatMap((q) => q.members.map((m) => m.agent)), ...entryPoints.flatMap((e) => e.users ?? [])])
  const seated = users && new Set(users.map((u) => u.agent))
  for (const a of agents) {
    const at = { kind: 'agents', id: a.id } as const
    const now = live.get(a.id)
    // A phone at home is switched off in the evening.
    if (now?.phone_down && now.state !== 'offline') say('phoneDown', true, at, a.name)
    if (!served.has(a.id)) say('noCalls', false, at, a.name)
    if (seated && !seated.has(a.id)) say('noSignIn', false, at, a.name)
  }
  for (const p of phones) if (!p.has_password) say('phoneNoPassword', false, { kind: 'phones', id: p.id }, p.name)
  for (const u of users ?? []) if (!u.has_password && !u.disabled) say('noPassword', false, { kind: 'users', id: u.id }, u.display_name || u.name)
  return [...found.filter((g) => g.bad), ...found.filter((g) => !g.bad)]
}
