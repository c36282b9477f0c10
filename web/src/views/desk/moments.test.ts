import { expect, test } from 'vitest'
import type { Call } from '@/api/types'
import { conversationSince, waited } from './moments'

const call: Call = {
  id: 'a', tenant: 'acme', engine: 'asterisk', from: '', to: '', priority: 0, phase: 'talking', held: false, muted: false,
  arrived_at: '2026-01-31T08:00:00Z', queued_at: '2026-01-31T08:00:05Z', phase_since: '2026-01-31T08:00:30Z',
  owners: [
    { agent: 'anna', how: 'answered', since: '2026-01-31T08:00:30Z', until: '2026-01-31T08:02:00Z' },
    { agent: 'ben', how: 'transfer', since: '2026-01-31T08:02:00Z' },
  ],
}

test('everybody’s conversation began when they came to it', () => {
  expect(conversationSince(call, 'anna')).toBe('2026-01-31T08:00:30Z')
  expect(conversationSince(call, 'ben')).toBe('2026-01-31T08:02:00Z')
  const consult = { to: { agent: 'cleo' }, agent: 'cleo', since: '2026-01-31T08:03:00Z', answered: true, answered_at: '2026-01-31T08:03:04Z', with_customer: false, go_on: false, joins: false }
  expect(conversationSince({ ...call, consult }, 'cleo')).toBe('2026-01-31T08:03:04Z')
})

test('the wait ends with the first answer, whoever has the call now', () => {
  expect(waited(call)).toBe(25)
  expect(waited({ ...call, owners: [] })).toBeUndefined()
})
