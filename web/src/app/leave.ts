import { api, ask, deed } from '@/api/client'
import type { Me } from '@/api/types'
import { store } from '@/live/store'
import { attempt } from './failure'
import { session } from './session'

/**
 * Signs out. Whoever is an agent goes offline first, so that no phone rings at a desk that was left; where the rules refuse that (a request rings, a wrap-up is owed), nobody
 * is signed out and a notice says why.
 */
export async function leave(me: Me) {
  const state = me.agent ? store.get().agents.get(me.agent)?.state : undefined
  if (me.agent && state && state !== 'offline') {
    const offline = ask(api.POST('/api/v1/agents/{id}/state', { params: { path: { id: me.agent }, header: deed() }, body: { state: 'offline' } }))
    // Whose session has ended meanwhile is offline or not; what they typed here goes with them all the same.
    if (!(await attempt(offline)) && session.get().status === 'in') return
  }
  await attempt(session.signOut())
}
