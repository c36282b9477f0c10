import type { AgentState, DirectoryItem, Target } from '@/api/types'
import type { Live } from '@/live/state'
import { dialable, looksLikeNumber } from './dn'

/** Somebody or something that a call can be sent to. */
export interface Choice {
  id: string
  to: Target
  kind: DirectoryItem['kind'] | 'number'
  name: string
  teams: string[]
  state?: AgentState
  since?: string
  waiting?: number
  free?: number
  /** Of an entry point: it is outside its opening hours, and opens then. */
  closed?: boolean
  opens?: string
}

/** The states in which an agent can be asked (C4), or given a call without asking (C9). */
const reachable = { consult: ['available', 'idle'], transfer: ['available'] } as const

export function canTake(choice: Choice, purpose: 'consult' | 'transfer'): boolean {
  if (choice.closed) return false
  return choice.kind !== 'agent' || (reachable[purpose] as readonly string[]).includes(choice.state ?? '')
}

/**
 * What fits the search, of the directory as it was asked for with the states as they are now: those of agents are live, so that nobody is asked who has just become busy.
 * Who searches for a number is offered that number.
 */
export function choices(items: readonly DirectoryItem[], live: Live, me: string, search: string, kind: Choice['kind'] | 'all'): Choice[] {
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  const found: Choice[] = []
  if (looksLikeNumber(search) && (kind === 'all' || kind === 'number')) {
    const number = dialable(search)
    found.push({ id: `number/${number}`, to: { number }, kind: 'number', name: number, teams: [] })
  }
  for (const item of items) {
    if ((kind !== 'all' && item.kind !== kind) || (item.kind === 'agent' && item.id === me)) continue
    const now = item.kind === 'agent' ? (live.agents.get(item.id) ?? live.directory.get(item.id)) : undefined
    const text = [item.id, item.name, ...(item.teams ?? [])].join(' ').toLocaleLowerCase()
    if (!words.every((w) => text.includes(w))) continue
    const state = now?.state ?? item.state
    const since = now?.since ?? item.since
    found.push({
      id: `${item.kind}/${item.id}`,
      to: { [item.kind]: item.id },
      kind: item.kind,
      name: item.name,
      teams: item.teams ?? [],
      ...(state === undefined ? {} : { state }),
      ...(since === undefined ? {} : { since }),
      ...(item.waiting === undefined ? {} : { waiting: item.waiting }),
      ...(item.free === undefined ? {} : { free: item.free }),
      ...(item.closed ? { closed: true } : {}),
      ...(item.opens === undefined ? {} : { opens: item.opens }),
    })
  }
  return found.sort((a, b) => rank(a) - rank(b))
}

/** Numbers that were typed first, then agents who can be asked at once, then the others in the directory's order, at the end who cannot take the call. */
function rank(c: Choice): number {
  if (c.kind === 'number') return 0
  if (c.kind !== 'agent') return c.closed ? 4 : 3
  return c.state === 'available' ? 1 : c.state === 'idle' ? 2 : 4
}
