import type { AgentState, AgentView } from '@/api/types'

/** The order of states on the board: whoever needs a look first, whoever is away last. */
export const stateOrder: readonly AgentState[] = ['rona', 'reserved', 'engaged', 'wrap_up', 'available', 'idle', 'offline']

const rank = new Map(stateOrder.map((s, i) => [s, i]))

export type Order = 'state' | 'name' | 'time'

export interface Filter {
  /** Part of a name or a phone. */
  text: string
  team: string | undefined
  state: AgentState | undefined
}

function plain(text: string): string {
  // Whoever looks for Muller finds Müller.
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}

/** The agents that a filter lets through, in order. */
export function listed(agents: Iterable<AgentView>, filter: Filter, order: Order): AgentView[] {
  const text = plain(filter.text.trim())
  const found: AgentView[] = []
  for (const a of agents) {
    if (filter.team !== undefined && !a.teams?.includes(filter.team)) continue
    if (filter.state !== undefined && a.state !== filter.state) continue
    if (text !== '' && !plain(a.name).includes(text) && !a.phone.includes(text)) continue
    found.push(a)
  }
  const byName = (a: AgentView, b: AgentView) => a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1)
  const byTime = (a: AgentView, b: AgentView) => Date.parse(a.since) - Date.parse(b.since) || byName(a, b)
  const byState = (a: AgentView, b: AgentView) => (rank.get(a.state) ?? 0) - (rank.get(b.state) ?? 0) || byTime(a, b)
  return found.sort({ state: byState, name: byName, time: byTime }[order])
}

/** How many there are of each state, in the order of the board; states that nobody is in are there too. */
export function counted(agents: Iterable<AgentView>): { state: AgentState; count: number }[] {
  const counts = new Map<AgentState, number>()
  for (const a of agents) counts.set(a.state, (counts.get(a.state) ?? 0) + 1)
  return stateOrder.map((state) => ({ state, count: counts.get(state) ?? 0 }))
}
