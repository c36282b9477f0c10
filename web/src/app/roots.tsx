import { createRootRoute, createRoute, Outlet, redirect, type ParsedLocation } from '@tanstack/react-router'
import { Alone } from './Alone'
import { Broken } from './Broken'
import { Missing } from './Missing'
import { session } from './session'
import { Shell } from './Shell'

// What the routes of all parts of the app hang on. It is apart from the tree (router.tsx), so that parts name their parent by itself and their paths and searches are typed.

export const rootRoute = createRootRoute({ component: Outlet, notFoundComponent: Missing, errorComponent: Broken })

function signedIn({ location }: { location: ParsedLocation }) {
  const s = session.get()
  if (s.status !== 'in') throw redirect({ to: '/sign-in', search: location.pathname === '/' ? {} : { to: location.href } })
  if (s.me.must_change_password && location.pathname !== '/account') throw redirect({ to: '/account' })
}

/** Everything behind the sign-in. Views load their own code when they are first opened. */
export const inside = createRoute({
  getParentRoute: () => rootRoute,
  id: 'inside',
  beforeLoad: signedIn,
  component: Shell,
})

/** Behind the sign-in too, without anything around it. */
export const alone = createRoute({ getParentRoute: () => rootRoute, id: 'alone', beforeLoad: signedIn, component: Alone })
