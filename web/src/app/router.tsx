import { createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router'
import { adminRoutes } from '@/views/admin/routes'
import { SignIn } from '@/views/sign-in/SignIn'
import { supervisorRoutes, wall } from '@/views/supervisor/routes'
import { home } from './nav'
import { alone, inside, rootRoute } from './roots'
import { session } from './session'

const signIn = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: (s: Record<string, unknown>): { to?: string } => (typeof s.to === 'string' && /^\/(?!\/)/.test(s.to) ? { to: s.to } : {}),
  component: SignIn,
})

const index = createRoute({
  getParentRoute: () => inside,
  path: '/',
  beforeLoad: () => {
    const s = session.get()
    if (s.status === 'in') throw redirect({ to: home(s.me) })
  },
})

const desk = createRoute({ getParentRoute: () => inside, path: '/desk', component: lazyRouteComponent(() => import('@/views/desk/Desk'), 'Desk') })
const calls = createRoute({ getParentRoute: () => inside, path: '/calls', component: lazyRouteComponent(() => import('@/views/calls/Calls'), 'Calls') })
const account = createRoute({
  getParentRoute: () => inside,
  path: '/account',
  component: lazyRouteComponent(() => import('@/views/account/Account'), 'Account'),
})

export const router = createRouter({
  routeTree: rootRoute.addChildren([signIn, inside.addChildren([index, desk, calls, account, ...supervisorRoutes, adminRoutes]), alone.addChildren([wall])]),
  defaultPreload: 'intent',
  scrollRestoration: true,
})

// Who signs in or out, here or in another tab, goes where they belong.
session.subscribe(() => void router.invalidate())

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
