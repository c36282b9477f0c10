import type { Call } from '@/api/types'

/** Since when an agent is in a conversation: as its primary, as a consultant, or at least since there is one. */
export function conversationSince(call: Call, agent: string): string {
  if (call.consult?.agent === agent && call.consult.answered_at) return call.consult.answered_at
  const mine = call.owners?.findLast((o) => o.agent === agent)
  return mine?.since ?? call.owners?.[0]?.since ?? call.phase_since
}

/** How long the customer had waited before anybody answered, seconds; undefined where nobody has, or nobody waited. */
export function waited(call: Call): number | undefined {
  const first = call.owners?.[0]?.since
  const from = call.queued_at ?? call.arrived_at
  return first === undefined ? undefined : Math.max(0, (Date.parse(first) - Date.parse(from)) / 1000)
}
