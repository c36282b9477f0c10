import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { alone, inside } from '@/app/roots'

/** The supervisor's views. Further ones are children of their own path here. */
export const supervisorRoutes = [
  createRoute({
    getParentRoute: () => inside,
    path: '/supervisor',
    component: lazyRouteComponent(() => import('./Supervisor'), 'Supervisor'),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: '/supervisor/agents',
    component: lazyRouteComponent(() => import('./AgentsBoard'), 'AgentsBoard'),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: '/supervisor/day',
    component: lazyRouteComponent(() => import('./Day'), 'Day'),
  }),
] as const

/** The wallboard has the whole screen for itself. */
export const wall = createRoute({
  getParentRoute: () => alone,
  path: '/wallboard',
  /** Ids of queues, with commas between them: a wall is set up once, and its address is kept. */
  validateSearch: (s: Record<string, unknown>): { queues?: string } => {
    // What looks like a number comes as one.
    const queues = typeof s.queues === 'number' ? String(s.queues) : s.queues
    return typeof queues === 'string' && queues ? { queues } : {}
  },
  component: lazyRouteComponent(() => import('./Wallboard'), 'Wallboard'),
})
