import type { Alert, AgentView } from '@/api/types'
import type { Live } from '@/live/state'

/** What alerts are about, as far as we have words for it: what it is, and what there is to do. */
export const alertReasons = [
  'phone_unreachable',
  'prompt_failed',
  'digits_failed',
  'mix_failed',
  'recording_broke_off',
  'pause_unconfirmed',
  'resume_unconfirmed',
  'recording_lost',
  'recording_flawed',
  'job_dead',
  'projection_failed',
  'quarantined',
] as const

export type AlertReason = (typeof alertReasons)[number]

export function isKnown(reason: string): reason is AlertReason {
  return (alertReasons as readonly string[]).includes(reason)
}

/** Alerts of things that nobody here sees the end of. */
const lasting: ReadonlySet<string> = new Set<AlertReason>(['recording_lost', 'recording_flawed', 'job_dead', 'projection_failed', 'quarantined'])

/** How what an alert tells of stands by now, or undefined where nothing tells: it is so still, it is over, or the call in which it was goes on. */
export type Standing = 'open' | 'over' | 'callOn' | undefined

/** Of a phone its agent tells, for the newest alert only; of what went wrong in a call, whether that goes on. */
export function standing(a: Alert, newest: boolean, live: Pick<Live, 'agents' | 'calls'>): Standing {
  if (lasting.has(a.reason)) return undefined
  if (a.reason === 'phone_unreachable') {
    const agent = a.agent === undefined ? undefined : live.agents.get(a.agent)
    return agent && newest && isAway(agent) ? 'open' : 'over'
  }
  if (a.call === undefined) return undefined
  return live.calls.has(a.call) ? 'callOn' : 'over'
}

function isAway(agent: AgentView): boolean {
  // Who has gone home is not called, so that nothing would tell when it is over.
  const fails = Boolean(agent.phone_fails) && agent.state !== 'offline'
  return Boolean(agent.phone_down) || fails || (agent.state === 'idle' && agent.reason === 'phone_unreachable')
}

/** Of alerts, newest first, those with no newer one of the same reason about the same agent. */
export function newestOf(alerts: readonly Alert[]): ReadonlySet<string> {
  const of = new Map<string, string>()
  for (const a of alerts) {
    const key = `${a.reason} ${a.agent ?? ''}`
    if (!of.has(key)) of.set(key, a.id)
  }
  return new Set(of.values())
}

/** How many of the alerts, newest first, have come since the one that was seen last. */
export function unseen(alerts: readonly Alert[], seen: string): number {
  const at = Date.parse(seen)
  return Number.isNaN(at) ? alerts.length : alerts.filter((a) => Date.parse(a.at) > at).length
}
