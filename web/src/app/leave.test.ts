import { beforeEach, expect, test, vi } from 'vitest'
import type { AgentView } from '@/api/types'
import { nothing } from '@/live/state'
import { store } from '@/live/store'
import { leave } from './leave'
import { session } from './session'

vi.mock('@/live/stream', () => ({ LiveStream: class { start = () => undefined; stop = () => undefined } }))
vi.mock('@/ui/notice', () => ({ notify: vi.fn() }))

const me = { name: 'eve', user: 'eve', role: 'supervisor' as const, all_teams: true, may: [] }

beforeEach(() => localStorage.clear())

test('who signs out of a session that has ended meanwhile is out', async () => {
  vi.stubGlobal('fetch', (r: Request) =>
    Promise.resolve(
      r.method === 'POST'
        ? new Response(JSON.stringify(me), { status: 201, headers: { 'Content-Type': 'application/json' } })
        : new Response(JSON.stringify({ error: { code: 'unauthorized', message: 'you are not signed in any more' } }), { status: 401, headers: { 'Content-Type': 'application/json' } }),
    ),
  )
  await session.signIn('eve', 'x')
  localStorage.setItem('tandem.notes.c1', 'Erika Muster')
  await leave(me)
  expect(session.get().status).toBe('out')
  expect(localStorage.getItem('tandem.notes.c1')).toBeNull()
})

test('and so is an agent of whom that is noticed on going offline', async () => {
  const agent = { ...me, agent: 'eve' }
  vi.stubGlobal('fetch', (r: Request) =>
    Promise.resolve(
      r.method === 'POST' && r.url.endsWith('/session')
        ? new Response(JSON.stringify(agent), { status: 201, headers: { 'Content-Type': 'application/json' } })
        : new Response(JSON.stringify({ error: { code: 'unauthorized', message: 'you are not signed in any more' } }), { status: 401, headers: { 'Content-Type': 'application/json' } }),
    ),
  )
  await session.signIn('eve', 'x')
  store.set({ ...nothing, agents: new Map([['eve', { state: 'available' } as AgentView]]) })
  localStorage.setItem('tandem.notes.c1', 'Erika Muster')
  await leave(agent)
  store.set(nothing)
  expect(session.get().status).toBe('out')
  expect(localStorage.getItem('tandem.notes.c1')).toBeNull()
})
