import { createRoute, lazyRouteComponent, type AnyRoute } from '@tanstack/react-router'

/** The supervisor's views. Further ones are children of their own path here. */
export function supervisorRoutes<P extends AnyRoute>(parent: P) {
  return [
    createRoute({
      getParentRoute: () => parent,
      path: '/supervisor',
      component: lazyRouteComponent(() => import('./Supervisor'), 'Supervisor'),
    }),
  ] as const
}
