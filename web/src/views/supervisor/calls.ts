import type { Call } from '@/api/types'

/** What a call is doing, in the words of the board. */
export type Doing = 'routing' | 'waiting' | 'ringing' | 'talking' | 'held' | 'consulting' | 'conference' | 'post_call' | 'outside' | 'closing'

export function doing(call: Call): Doing {
  switch (call.phase) {
    case 'waiting':
      return call.offers?.length ? 'ringing' : 'waiting'
    case 'talking':
      if (call.consult) return 'consulting'
      if ((call.participants?.filter((p) => p.role !== 'customer' && !p.ringing).length ?? 0) > 1) return 'conference'
      return call.held ? 'held' : 'talking'
    case 'ended':
      return 'closing'
    default:
      return call.phase
  }
}

/** Since when it has been doing that: of who waits, since they came into the queue, over every missed offer. */
export function doingSince(call: Call): string {
  switch (doing(call)) {
    case 'waiting':
    case 'ringing':
      return call.queued_at ?? call.phase_since
    case 'held':
      return call.held_since ?? call.phase_since
    case 'consulting':
      return call.consult?.since ?? call.phase_since
    default:
      return call.phase_since
  }
}

export type Stage = 'all' | 'waiting' | 'talking'

export const stages: readonly Stage[] = ['all', 'waiting', 'talking']

/** Whoever waits before whoever is served; of the same, whoever has done so longest first. */
export function boarded(calls: Iterable<Call>, stage: Stage, queue: string | undefined): Call[] {
  const found = [...calls].filter((c) => c.phase !== 'ended' && (queue === undefined || c.queue === queue) && (stage === 'all' || (stage === 'waiting') === waits(c)))
  return found.sort((a, b) => Number(waits(b)) - Number(waits(a)) || Date.parse(doingSince(a)) - Date.parse(doingSince(b)) || (a.id < b.id ? -1 : 1))
}

/** Nobody has answered it yet. */
export function waits(call: Call): boolean {
  return call.phase === 'waiting' || call.phase === 'routing'
}

/** The agents in a call or rung by it: who leads the conversation first. */
export function agentsIn(call: Call): string[] {
  const others = [...(call.participants?.flatMap((p) => p.agent ?? []) ?? []), ...(call.offers?.map((o) => o.agent) ?? []), ...(call.consult?.agent ? [call.consult.agent] : [])]
  return [...new Set([...(call.primary ? [call.primary] : []), ...others])]
}
