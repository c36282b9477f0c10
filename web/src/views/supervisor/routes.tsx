import { createRoute, lazyRouteComponent } from '@tanstack/react-router'
import { alone, inside } from '@/app/roots'

/** What looks like a number comes as one. */
function isText(value: unknown): value is string | number {
  return (typeof value === 'string' && value !== '') || typeof value === 'number'
}

/** The supervisor's views. Further ones are children of their own path here. */
export const supervisorRoutes = [
  createRoute({
    getParentRoute: () => inside,
    path: '/supervisor',
    /** The queue whose calls are shown. */
    validateSearch: (s: Record<string, unknown>): { queue?: string } => (isText(s.queue) ? { queue: String(s.queue) } : {}),
    component: lazyRouteComponent(() => import('./Supervisor'), 'Supervisor'),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: '/supervisor/agents',
    /** What is searched for to begin with. */
    validateSearch: (s: Record<string, unknown>): { find?: string } => (isText(s.find) ? { find: String(s.find) } : {}),
    component: lazyRouteComponent(() => import('./AgentsBoard'), 'AgentsBoard'),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: '/supervisor/day',
    component: lazyRouteComponent(() => import('./Day'), 'Day'),
  }),
  createRoute({
    getParentRoute: () => inside,
    path: '/supervisor/alerts',
    component: lazyRouteComponent(() => import('./Alerts'), 'Alerts'),
  }),
] as const

/** The wallboard has the whole screen for itself. */
export const wall = createRoute({
  getParentRoute: () => alone,
  path: '/wallboard',
  /** Ids of queues, with commas between them: a wall is set up once, and its address is kept. */
  validateSearch: (s: Record<string, unknown>): { queues?: string } => {
    return isText(s.queues) ? { queues: String(s.queues) } : {}
  },
  component: lazyRouteComponent(() => import('./Wallboard'), 'Wallboard'),
})
