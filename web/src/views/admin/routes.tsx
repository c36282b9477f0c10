import { createRoute, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { onlyCustomers } from '@/app/nav'
import { inside } from '@/app/roots'
import { session } from '@/app/session'

/** What views of the set-up take from the address. */
export interface AdminSearch {
  /** Of the audit log: only what was done to this. */
  object?: string
  /** Of a new item: what it begins with. */
  with?: Record<string, string | string[]>
}

const admin = createRoute({
  getParentRoute: () => inside,
  path: '/admin',
  component: lazyRouteComponent(() => import('./Admin'), 'Admin'),
  validateSearch: (s: Record<string, unknown>): AdminSearch => ({
    ...(typeof s.object === 'string' ? { object: s.object } : {}),
    ...(typeof s.with === 'object' && s.with !== null ? { with: s.with as AdminSearch['with'] } : {}),
  }),
})

// Each is made before it is put into the tree: made within addChildren, its path and search would be typed as anything.
const overview = createRoute({
  getParentRoute: () => admin,
  path: '/',
  beforeLoad: () => {
    const s = session.get()
    if (s.status === 'in' && onlyCustomers(s.me)) throw redirect({ to: '/admin/$kind', params: { kind: 'contacts' } })
  },
  component: lazyRouteComponent(() => import('./Overview'), 'Overview'),
})
const settings = createRoute({ getParentRoute: () => admin, path: 'settings', component: lazyRouteComponent(() => import('./Settings'), 'Settings') })
const skills = createRoute({ getParentRoute: () => admin, path: 'skills', component: lazyRouteComponent(() => import('./Skills'), 'Skills') })
const reasons = createRoute({ getParentRoute: () => admin, path: 'reasons', component: lazyRouteComponent(() => import('./Reasons'), 'Reasons') })
const switches = createRoute({ getParentRoute: () => admin, path: 'switches', component: lazyRouteComponent(() => import('./Switches'), 'Switches') })
const exclusions = createRoute({ getParentRoute: () => admin, path: 'exclusions', component: lazyRouteComponent(() => import('./Exclusions'), 'Exclusions') })
const leads = createRoute({ getParentRoute: () => admin, path: 'leads', component: lazyRouteComponent(() => import('./Leads'), 'Leads') })
const audit = createRoute({ getParentRoute: () => admin, path: 'audit', component: lazyRouteComponent(() => import('./Audit'), 'Audit') })
const kind = createRoute({ getParentRoute: () => admin, path: '$kind', component: lazyRouteComponent(() => import('./Items'), 'Items') })
const item = createRoute({ getParentRoute: () => kind, path: '$id', component: lazyRouteComponent(() => import('./Item'), 'ItemView') })

/** The administrator's views. `$kind` is one of the kinds of set-up (kinds/kind.ts), `$id` one of its items or `+new`. */
export const adminRoutes = admin.addChildren([overview, settings, skills, reasons, switches, audit, exclusions, leads, kind.addChildren([item])])
