import { createRootRoute, createRoute, createRouter, lazyRouteComponent, Outlet, redirect } from '@tanstack/react-router'
import { adminRoutes } from '@/views/admin/routes'
import { supervisorRoutes } from '@/views/supervisor/routes'
import { SignIn } from '@/views/sign-in/SignIn'
import { Missing } from './Missing'
import { home } from './nav'
import { session } from './session'
import { Shell } from './Shell'
import { Broken } from './Broken'

export const rootRoute = createRootRoute({ component: Outlet, notFoundComponent: Missing, errorComponent: Broken })

const signIn = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: (s: Record<string, unknown>): { to?: string } => (typeof s.to === 'string' && /^\/(?!\/)/.test(s.to) ? { to: s.to } : {}),
  component: SignIn,
})

/** Everything behind the sign-in. Views load their own code when they are first opened. */
export const inside = createRoute({
  getParentRoute: () => rootRoute,
  id: 'inside',
  beforeLoad: ({ location }) => {
    if (session.get().status !== 'in') throw redirect({ to: '/sign-in', search: location.pathname === '/' ? {} : { to: location.href } })
  },
  component: Shell,
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
  routeTree: rootRoute.addChildren([signIn, inside.addChildren([index, desk, calls, account, ...supervisorRoutes(inside), ...adminRoutes(inside)])]),
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
