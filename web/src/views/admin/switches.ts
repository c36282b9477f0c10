import type { Engine } from '@/api/types'
import type { Trunk } from './kinds/trunks'

/** What is wrong at a switch: `switches.trouble_<what>` says so, `switches.remedy_<remedy>` what to do about it. */
export interface Trouble {
  what: 'down' | 'never' | 'failed' | 'trunkDown' | 'blocked'
  remedy: 'down' | 'failed' | 'trunkSilent' | 'trunkRefused' | 'trunkPassword' | 'blocked'
  /** Calls are lost by it; otherwise it may be meant so. */
  bad: boolean
  /** What the sentence is about: the trunk's name, addresses. */
  name: string
  count: number
  /** What the switch or the server said of it, as it was said. */
  said?: string | undefined
  /** The trunk that it is about. */
  trunk?: string
}

/** Whether a phone or trunk belongs to a switch. */
export function isAt(engine: Engine, x: { engine?: string }): boolean {
  return !x.engine || x.engine === engine.id
}

/** Everything that is wrong at a switch, the worst first. Trunks are those of the set-up, as far as they are shown to whoever looks. */
export function troubles(engine: Engine, trunks: readonly Trunk[]): Trouble[] {
  const found: Trouble[] = []
  const say = (what: Trouble['what'], remedy: Trouble['remedy'], more: Partial<Trouble> = {}) => found.push({ what, remedy, bad: true, name: '', count: 0, ...more })
  const { lines } = engine
  if (!engine.up) say(engine.since ? 'down' : 'never', 'down')
  if (lines?.state === 'failed') say('failed', 'failed', { said: lines.problem })
  for (const { trunk, state } of lines?.trunks ?? []) {
    if (state === 'up') continue
    const set = trunks.find((x) => x.id === trunk)
    const remedy = !set?.register ? 'trunkSilent' : set.has_password ? 'trunkRefused' : 'trunkPassword'
    say('trunkDown', remedy, { name: set?.name ?? trunk, trunk })
  }
  if (lines?.blocked?.length) say('blocked', 'blocked', { bad: false, count: lines.blocked.length, said: lines.blocked.join(', ') })
  return found
}

/** What people call the kinds of switches. */
const brands: Readonly<Record<string, string>> = { asterisk: 'Asterisk', freeswitch: 'FreeSWITCH' }

/** A switch's kind and version in short: packagers put much behind the number that people know it by. */
export function brandOf(engine: Engine): string {
  const version = /^\d+(\.\d+)*/.exec(engine.version ?? '')?.[0] ?? engine.version
  return [brands[engine.kind ?? ''] ?? engine.kind, version].filter(Boolean).join(' ')
}
