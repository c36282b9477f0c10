import { createRoute, lazyRouteComponent, redirect, type AnyRoute } from '@tanstack/react-router'

/** What views of the set-up take from the address. */
export interface AdminSearch {
  /** Of the audit log: only what was done to this. */
  object?: string
  /** Of a new item: what it begins with. */
  with?: Record<string, string>
}

/** The administrator's views. `$kind` is one of the kinds of set-up (kinds/kind.ts), `$id` one of its items or `+new`. */
export function adminRoutes<P extends AnyRoute>(parent: P) {
  const admin = createRoute({
    getParentRoute: () => parent,
    path: '/admin',
    component: lazyRouteComponent(() => import('./Admin'), 'Admin'),
    validateSearch: (s: Record<string, unknown>): AdminSearch => ({
      ...(typeof s.object === 'string' ? { object: s.object } : {}),
      ...(typeof s.with === 'object' && s.with !== null ? { with: s.with as Record<string, string> } : {}),
    }),
  })
  const index = createRoute({
    getParentRoute: () => admin,
    path: '/',
    beforeLoad: () => {
      throw redirect({ to: '/admin/$kind', params: { kind: 'queues' } })
    },
  })
  const kind = createRoute({ getParentRoute: () => admin, path: '$kind', component: lazyRouteComponent(() => import('./Items'), 'Items') })
  const item = createRoute({ getParentRoute: () => kind, path: '$id', component: lazyRouteComponent(() => import('./Item'), 'ItemView') })
  return [
    admin.addChildren([
      index,
      createRoute({ getParentRoute: () => admin, path: 'settings', component: lazyRouteComponent(() => import('./Settings'), 'Settings') }),
      createRoute({ getParentRoute: () => admin, path: 'skills', component: lazyRouteComponent(() => import('./Skills'), 'Skills') }),
      createRoute({ getParentRoute: () => admin, path: 'reasons', component: lazyRouteComponent(() => import('./Reasons'), 'Reasons') }),
      createRoute({ getParentRoute: () => admin, path: 'switches', component: lazyRouteComponent(() => import('./Switches'), 'Switches') }),
      createRoute({ getParentRoute: () => admin, path: 'audit', component: lazyRouteComponent(() => import('./Audit'), 'Audit') }),
      kind.addChildren([item]),
    ]),
  ] as const
}
