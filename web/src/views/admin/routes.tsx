import { createRoute, lazyRouteComponent, type AnyRoute } from '@tanstack/react-router'

/** The administrator's views. Further ones are children of their own path here. */
export function adminRoutes<P extends AnyRoute>(parent: P) {
  return [
    createRoute({
      getParentRoute: () => parent,
      path: '/admin',
      component: lazyRouteComponent(() => import('./Admin'), 'Admin'),
    }),
  ] as const
}
