import { beforeEach, expect, test, vi } from 'vitest'
import { credentials } from '@/api/client'
import type { Me } from '@/api/types'
import { inside } from './roots'
import { session } from './session'

const server = vi.hoisted((): { me: unknown; streams: number } => ({ me: undefined, streams: 0 }))
vi.mock('@/api/client', () => ({ api: { GET: () => undefined, POST: () => undefined, DELETE: () => undefined }, ask: () => Promise.resolve(server.me), credentials: { csrf: '', ended: () => undefined } }))
vi.mock('@/live/stream', () => ({
  LiveStream: class {
    start = () => server.streams++
    stop = () => server.streams--
  },
}))

async function enters(user: string) {
  server.me = { user, name: user, role: 'agent', all_teams: false, may: [] } satisfies Me
  await session.signIn(user, 'password')
}

beforeEach(async () => {
  localStorage.clear()
  await enters('anna')
  for (const kind of ['notes', 'who', 'task', 'due', 'reason', 'draft']) localStorage.setItem(`tandem.${kind}.a`, 'of a customer')
  localStorage.setItem('tandem.theme', 'dark')
})

function drafts(): string[] {
  return Object.keys(localStorage).filter((k) => k.endsWith('.a'))
}

test('whose session ends finds their drafts when they come back', async () => {
  credentials.ended()
  expect(session.get()).toEqual({ status: 'out', ended: true })
  await enters('anna')
  expect(drafts()).toHaveLength(6)
})

test('who comes in the place of somebody whose session ended finds nothing of theirs', async () => {
  credentials.ended()
  await enters('ben')
  expect(drafts()).toEqual([])
  expect(localStorage.getItem('tandem.theme')).toBe('dark')
})

test('nor does who finds another session here after a reload', async () => {
  server.me = { user: 'ben', name: 'ben', role: 'agent', all_teams: false, may: [] } satisfies Me
  await session.restore()
  expect(drafts()).toEqual([])
})

test('who signs out leaves neither drafts nor their name', async () => {
  await session.signOut()
  expect(Object.keys(localStorage)).toEqual(['tandem.theme'])
})

test('who has to choose a password follows the stream when there is one, and before is shown nothing but that', async () => {
  const me: Me = { user: 'ben', name: 'ben', role: 'agent', agent: 'ben', all_teams: false, may: [], must_change_password: true }
  const goes = (pathname: string) => () => {
    void inside.options.beforeLoad?.({ location: { pathname, href: pathname } } as never)
  }
  server.me = me
  await session.signIn('ben', 'temporary')
  expect(server.streams).toBe(0)
  expect(goes('/account')).not.toThrow()
  expect(goes('/desk')).toThrow() // a redirect
  session.renew({ ...me, must_change_password: false })
  expect(server.streams).toBe(1)
  expect(goes('/desk')).not.toThrow()
  session.renew({ ...me, must_change_password: false })
  expect(server.streams).toBe(1)
})
