import { expect, test } from 'vitest'
import type { AgentView, Call } from '@/api/types'
import { nothing, type Live } from '@/live/state'
import { ringOf, tasksOf } from './tasks'

const at = (minute: number) => `2026-01-31T08:${String(minute).padStart(2, '0')}:00Z`

function call(id: string, more: Partial<Call>): Call {
  return { id, tenant: 'acme', engine: 'asterisk', from: '', to: '', priority: 0, phase: 'waiting', phase_since: at(0), arrived_at: at(0), held: false, muted: false, ...more }
}

function live(...calls: Call[]): Live {
  return { ...nothing, calls: new Map(calls.map((c) => [c.id, c])) }
}

const offer = (agent: string, minute: number) => ({ agent, leg: `leg-${agent}`, since: at(minute), until: at(minute + 1), ringing: true })
const part = (agent: string, ringing = false) => ({ leg: agent, role: 'agent' as const, agent, primary: true, ringing, held: false, muted: false })

test('what rings at me, the earliest on top', () => {
  const tasks = tasksOf(live(call('late', { offers: [offer('anna', 9)] }), call('early', { offers: [offer('ben', 1), offer('anna', 2)] })), 'anna')
  expect(tasks.ringing.map((c) => c.id)).toEqual(['early', 'late'])
  expect(tasks.active).toEqual([])
})

test('a consult that rings at me is a request, and none once I have answered', () => {
  const consult = { to: { agent: 'ben' }, since: at(3), answered: false, with_customer: false, go_on: false, joins: false }
  const ringing = call('a', { phase: 'talking', consult: { ...consult, ringing: ['ben'] }, participants: [part('anna'), { ...part('ben', true), role: 'consultant' as const }] })
  expect(tasksOf(live(ringing), 'ben')).toMatchObject({ ringing: [{ id: 'a' }], active: [] })
  expect(tasksOf(live(ringing), 'anna')).toMatchObject({ ringing: [], active: [{ id: 'a' }] })
  const answered = call('a', { ...ringing, consult: { ...consult, answered: true, agent: 'ben' }, participants: [part('anna'), { ...part('ben'), role: 'consultant' as const }] })
  expect(tasksOf(live(answered), 'ben')).toMatchObject({ ringing: [], active: [{ id: 'a' }] })
})

test('a request is known by its leg: the same caller may ring at me again (C1)', () => {
  expect(ringOf(call('a', { offers: [offer('ben', 1), { ...offer('anna', 2), leg: 'second' }] }), 'anna')).toMatchObject({ leg: 'second', isConsult: false })
  const consult = { to: { queue: 'help' }, since: at(3), answered: false, with_customer: false, go_on: false, joins: false, ringing: ['ben'], offers: [offer('ben', 4)] }
  expect(ringOf(call('a', { consult }), 'ben')).toMatchObject({ leg: 'leg-ben', since: at(4), isConsult: true })
})

test('the wrap-up that I owe', () => {
  const wrapUp = { call: 'a', queue: 'sales', since: at(5), extended: 0 }
  const anna = { id: 'anna', wrap_up: wrapUp } as AgentView
  expect(tasksOf({ ...live(), agents: new Map([['anna', anna]]) }, 'anna').wrapUp).toBe(wrapUp)
})
