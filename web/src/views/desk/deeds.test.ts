import { beforeEach, expect, test, vi } from 'vitest'
import { api } from '@/api/client'
import { decline, extendWrapUp, submitWrapUp } from './deeds'

vi.mock('@/api/client', () => ({ api: { POST: vi.fn() }, ask: () => Promise.resolve({}), deed: () => ({}) }))

beforeEach(() => vi.mocked(api.POST).mockReset())

const sent = (): unknown[] => (vi.mocked(api.POST).mock.calls as unknown as [string, { body: unknown }][]).map(([path, init]) => [path, init.body])

test('a click says which request it was made for, so that sent late it turns down no other of the same caller (C1)', async () => {
  await decline('anna', 'a', 'second')
  await decline('anna', 'a', undefined)
  expect(sent()).toEqual([
    ['/api/v1/agents/{id}/offer/decline', { call: 'a', leg: 'second' }],
    ['/api/v1/agents/{id}/offer/decline', { call: 'a' }],
  ])
})

test('what is written and more time that is asked for name their wrap-up (C19)', async () => {
  const wrapUp = { call: 'a', queue: 'sales', since: '2026-01-31T08:00:00.123456Z', extended: 0 }
  await submitWrapUp('anna', wrapUp, 'sold', ' Monday ')
  await extendWrapUp('anna', wrapUp)
  expect(sent()).toEqual([
    ['/api/v1/agents/{id}/wrap-up', { call: 'a', since: wrapUp.since, reason: 'sold', notes: 'Monday' }],
    ['/api/v1/agents/{id}/wrap-up/extend', { call: 'a', since: wrapUp.since }],
  ])
})
