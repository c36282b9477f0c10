import type { AgentView, Call, Participant } from '@/api/types'
import type { Live } from '@/live/state'

/** What an agent has to do (Q12): what rings, what goes on, and what is to be wrapped up. */
export interface Tasks {
  /** Calls that ring at the agent's phone, the earliest first. */
  ringing: Call[]
  /** Calls that the agent is in. */
  active: Call[]
  wrapUp: AgentView['wrap_up'] | undefined
}

/** How a call rings at an agent's phone, for itself or for a consult; undefined if it does not. */
export function ringOf(call: Call, agent: string): { leg?: string | undefined; since: string; until?: string | undefined; isConsult: boolean } | undefined {
  const offer = call.offers?.find((o) => o.agent === agent)
  if (offer) return { leg: offer.leg, since: offer.since, until: offer.until, isConsult: false }
  if (!call.consult?.ringing?.includes(agent)) return undefined
  const asked = call.consult.offers?.find((o) => o.agent === agent)
  return { leg: asked?.leg, since: asked?.since ?? call.consult.since, until: asked?.until, isConsult: true }
}

/** An agent's part in a call; undefined while it only rings. */
export function partOf(call: Call, agent: string): Participant | undefined {
  return call.participants?.find((p) => p.agent === agent && !p.ringing)
}

export function tasksOf(live: Live, agent: string): Tasks {
  const ringing: { call: Call; since: string }[] = []
  const active: Call[] = []
  for (const call of live.calls.values()) {
    const ring = ringOf(call, agent)
    if (ring) ringing.push({ call, since: ring.since })
    else if (partOf(call, agent)) active.push(call)
  }
  ringing.sort((a, b) => a.since.localeCompare(b.since) || a.call.id.localeCompare(b.call.id))
  active.sort((a, b) => a.arrived_at.localeCompare(b.arrived_at) || a.id.localeCompare(b.id))
  return { ringing: ringing.map((r) => r.call), active, wrapUp: live.agents.get(agent)?.wrap_up }
}

/** Two sets of tasks show the same. */
export function sameTasks(a: Tasks, b: Tasks): boolean {
  const same = (x: Call[], y: Call[]) => x.length === y.length && x.every((c, i) => c === y[i])
  return same(a.ringing, b.ringing) && same(a.active, b.active) && a.wrapUp === b.wrapUp
}
