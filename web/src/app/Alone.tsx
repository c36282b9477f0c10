import { Outlet, useNavigate } from '@tanstack/react-router'
import { Suspense, useEffect } from 'react'
import { Notices } from '@/ui/Notices'
import { useSession } from './session'

/** What is around a view that has the whole screen for itself: nothing that can be seen. */
export function Alone() {
  const signedIn = useSession().status === 'in'
  const navigate = useNavigate()
  useEffect(() => {
    if (!signedIn) void navigate({ to: '/sign-in', search: { to: location.pathname + location.search } })
  }, [signedIn, navigate])
  return (
    <main>
      <Suspense>
        <Outlet />
      </Suspense>
      <Notices />
    </main>
  )
}
