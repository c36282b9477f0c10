import { useSyncExternalStore } from 'react'
import { api, ask, credentials } from '@/api/client'
import { Problem } from '@/api/problem'
import type { Me } from '@/api/types'
import { LiveStream } from '@/live/stream'
import { forgetDrafts, keepDraftsOf } from './preference'
import { queryClient } from './queries'

/** Who sits here. `ended` says that somebody was signed in and is not any more without having asked for it. */
export type SessionState =
  | { status: 'unknown' }
  | { status: 'out'; ended: boolean }
  | { status: 'in'; me: Me }
  | { status: 'unreachable' }

/** What tabs tell each other, so that they agree on who is signed in. */
type TabWord = 'in' | 'out'

/**
 * The one session of this tab. Whoever is signed in has a live stream; whoever signs out, in whatever tab, leaves nothing behind. Whose session ends otherwise finds their
 * drafts again when they come back; who comes in their place does not.
 */
class Session {
  private state: SessionState = { status: 'unknown' }
  private listeners = new Set<() => void>()
  private stream: LiveStream | undefined
  private tabs = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('tandem-session')

  constructor() {
    credentials.ended = () => this.leave(true)
    this.tabs?.addEventListener('message', (m: MessageEvent<TabWord>) => {
      // Another tab signed in, perhaps as somebody else: ask who it is. Another tab signed out: so are we.
      if (m.data === 'in') void this.restore()
      else this.leave(false)
    })
  }

  get = (): SessionState => this.state

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  private set(state: SessionState) {
    this.state = state
    for (const l of this.listeners) l()
  }

  /** Finds out whether the browser still has a session. */
  async restore(): Promise<void> {
    try {
      this.enter(await ask(api.GET('/api/v1/me')))
    } catch (e) {
      if (e instanceof Problem && e.status === 401) this.leave(false)
      else if (this.state.status !== 'in') this.set({ status: 'unreachable' })
    }
  }

  /** Throws a Problem. */
  async signIn(name: string, password: string): Promise<void> {
    this.enter(await ask(api.POST('/api/v1/session', { body: { name, password } })))
    this.tabs?.postMessage('in' satisfies TabWord)
  }

  /** Throws a Problem, `work_unfinished` among others, if the server did not take the session back. One that has ended meanwhile need not be. */
  async signOut(): Promise<void> {
    try {
      await ask(api.DELETE('/api/v1/session'))
    } catch (e) {
      if (!(e instanceof Problem && e.status === 401)) throw e
    }
    // What was typed about customers stays over a reload and over the end of a session that nobody asked for, but whoever signs out is done with it.
    forgetDrafts()
    this.leave(false)
    this.tabs?.postMessage('out' satisfies TabWord)
  }

  /** The session got another cookie and csrf token: a password was changed. */
  renew(me: Me) {
    this.enter(me)
    this.tabs?.postMessage('in' satisfies TabWord)
  }

  private enter(me: Me) {
    const before = this.state.status === 'in' ? this.state.me : undefined
    keepDraftsOf(me.user ?? me.name)
    credentials.csrf = me.csrf ?? ''
    if (before?.user !== me.user || !this.stream) {
      this.stream?.stop()
      queryClient.clear()
      // Who has to choose a password first is shown nothing before: the server would refuse.
      this.stream = me.must_change_password ? undefined : new LiveStream(() => this.leave(true))
      this.stream?.start()
    }
    this.set({ status: 'in', me })
  }

  private leave(ended: boolean) {
    const wasIn = this.state.status === 'in'
    if (this.state.status === 'out') return
    this.stream?.stop()
    this.stream = undefined
    credentials.csrf = ''
    queryClient.clear()
    this.set({ status: 'out', ended: ended && wasIn })
  }
}

export const session = new Session()

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, session.get)
}

/** Who is signed in. For views behind the sign-in only. */
export function useMe(): Me {
  const s = useSession()
  // While the way to the sign-in page is being taken, a view may be drawn once more.
  return s.status === 'in' ? s.me : nobody
}

const nobody: Me = { name: '', role: 'auditor', all_teams: false, may: [] }
