import { Activity, Contact, Headset, History, Settings2, type LucideIcon } from 'lucide-react'
import type { operations } from '@/api/schema'
import type { Me } from '@/api/types'

type Operation = keyof operations

/** A way in the main navigation. */
export interface Way {
  to: '/desk' | '/calls' | '/supervisor' | '/admin'
  label: 'nav.desk' | 'nav.calls' | 'nav.supervisor' | 'nav.customers' | 'nav.admin'
  icon: LucideIcon
  /** Who is offered it: those who can do something there. */
  for: (me: Me) => boolean
}

function may(me: Me, operation: Operation): boolean {
  return me.may.includes(operation)
}

/** Supervisors of a whole tenant look after its customers, and not after the rest of the set-up. */
export function onlyCustomers(me: Me): boolean {
  return may(me, 'createContact') && !may(me, 'listAudit')
}

export const ways: readonly Way[] = [
  { to: '/desk', label: 'nav.desk', icon: Headset, for: (me) => me.agent !== undefined },
  { to: '/supervisor', label: 'nav.supervisor', icon: Activity, for: (me) => may(me, 'queueFigures') },
  { to: '/calls', label: 'nav.calls', icon: History, for: (me) => may(me, 'listCallRecords') },
  { to: '/admin', label: 'nav.customers', icon: Contact, for: onlyCustomers },
  // Who leads teams may read most of the set-up too, beside what it is of; this is for those who look after it.
  { to: '/admin', label: 'nav.admin', icon: Settings2, for: (me) => may(me, 'listAudit') },
]

/** Where somebody begins: who has to choose a password with that, who changes the set-up there, everybody else at the first way. */
export function home(me: Me): Way['to'] | '/account' {
  if (me.must_change_password) return '/account'
  if (me.agent === undefined && may(me, 'replaceQueue')) return '/admin'
  return ways.find((w) => w.for(me))?.to ?? '/calls'
}
