import { expect, test } from 'vitest'
import english from '@/i18n/en/supervisor.json'
import type { AgentView, Alert, Call } from '@/api/types'
import { alertReasons, newestOf, standing, unseen } from './alerts'

const away: Alert = { id: '2', at: '2026-01-31T08:00:02.5Z', reason: 'phone_unreachable', agent: 'anna' }
const mixed: Alert = { id: '1', at: '2026-01-31T08:00:01Z', reason: 'mix_failed', agent: 'anna', call: 'c1' }

function live(anna: Partial<AgentView>, ...calls: string[]) {
  return { agents: new Map([['anna', { id: 'anna', state: 'available', ...anna } as AgentView]]), calls: new Map(calls.map((id) => [id, { id } as Call])) }
}

test('a phone that cannot be reached is so still as long as its agent says so, for the newest alert (S2)', () => {
  expect(standing(away, true, live({ state: 'idle', reason: 'phone_unreachable' }))).toBe('open')
  expect(standing(away, true, live({ state: 'offline', phone_down: true }))).toBe('open')
  expect(standing(away, true, live({ state: 'available', phone_fails: true })), 'who is called on in vain').toBe('open')
  expect(standing(away, true, live({ state: 'offline', phone_fails: true }))).toBe('over')
  expect(standing(away, false, live({ state: 'idle', reason: 'phone_unreachable' }))).toBe('over')
  expect(standing(away, true, live({ state: 'idle', reason: 'lunch' }))).toBe('over')
  expect(standing(away, true, { agents: new Map(), calls: new Map() }), 'the agent has been deleted').toBe('over')
})

test('of what went wrong in a call it is said whether that goes on, and nothing of what has no end (S2)', () => {
  expect(standing(mixed, true, live({}, 'c1'))).toBe('callOn')
  expect(standing(mixed, true, live({}))).toBe('over')
  expect(standing({ ...mixed, reason: 'recording_lost' }, true, live({}, 'c1'))).toBeUndefined()
  expect(standing({ id: '3', at: mixed.at, reason: 'of_tomorrow' }, true, live({}))).toBeUndefined()
})

test('the newest of each agent and reason', () => {
  expect([...newestOf([away, mixed, { ...away, id: '0' }, { ...away, id: '00', agent: 'ben' }])]).toEqual(['2', '1', '00'])
})

test('how many have come since one looked, whatever the form of the times', () => {
  expect(unseen([away, mixed], '')).toBe(2)
  expect(unseen([away, mixed], '2026-01-31T08:00:01.000Z')).toBe(1)
  expect(unseen([away, mixed], '2026-01-31T08:00:02.500000Z')).toBe(0)
})

test('every alert has its words, and says what to do', () => {
  for (const r of alertReasons) expect(english.alerts[`todo_${r}`], r).toMatch(/[.]$/)
})
