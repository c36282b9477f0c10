import { Activity, Headset, History, Settings2, type LucideIcon } from 'lucide-react'
import type { Me } from '@/api/types'

/** A way in the main navigation. */
export interface Way {
  to: '/desk' | '/calls' | '/supervisor' | '/admin'
  label: 'nav.desk' | 'nav.calls' | 'nav.supervisor' | 'nav.admin'
  icon: LucideIcon
  /** Who is offered it. What they may then do, the server decides. */
  for: (me: Me) => boolean
}

export const ways: readonly Way[] = [
  { to: '/desk', label: 'nav.desk', icon: Headset, for: (me) => me.role === 'agent' },
  { to: '/supervisor', label: 'nav.supervisor', icon: Activity, for: (me) => me.role !== 'agent' },
  { to: '/calls', label: 'nav.calls', icon: History, for: () => true },
  { to: '/admin', label: 'nav.admin', icon: Settings2, for: (me) => me.role === 'admin' || me.role === 'auditor' },
]

/** Where somebody begins. */
export function home(me: Me): Way['to'] {
  return ways.find((w) => w.for(me))?.to ?? '/calls'
}
