import { expect, test } from 'vitest'
import type { Call, Participant } from '@/api/types'
import { agentsIn, boarded, doing, doingSince } from './calls'

const base: Call = {
  id: 'a',
  tenant: 'acme',
  engine: 'asterisk',
  from: '+49',
  to: '+49',
  priority: 0,
  phase: 'waiting',
  phase_since: '2026-01-31T08:05:00Z',
  arrived_at: '2026-01-31T08:00:00Z',
  queued_at: '2026-01-31T08:01:00Z',
  queue: 'sales',
  held: false,
  muted: false,
}

function agent(id: string, primary = false): Participant {
  return { leg: id, role: 'agent', agent: id, primary, ringing: false, held: false, muted: false }
}

const customer: Participant = { leg: 'c', role: 'customer', primary: false, ringing: false, held: false, muted: false }
const talking: Call = { ...base, id: 'b', phase: 'talking', primary: 'anna', participants: [customer, agent('anna', true)] }

test('what a call is doing', () => {
  expect(doing(base)).toBe('waiting')
  expect(doing({ ...base, offers: [{ agent: 'anna', leg: 'l', since: '', until: '', ringing: true }] })).toBe('ringing')
  expect(doing(talking)).toBe('talking')
  expect(doing({ ...talking, held: true })).toBe('held')
  expect(doing({ ...talking, consult: { to: {}, since: '', answered: true, with_customer: false, go_on: false, joins: false } })).toBe('consulting')
  expect(doing({ ...talking, participants: [customer, agent('anna', true), agent('ben')] })).toBe('conference')
  expect(doing({ ...base, phase: 'outside' })).toBe('outside')
})

test('a wait counts from the queue, a hold from the hold', () => {
  expect(doingSince(base)).toBe('2026-01-31T08:01:00Z')
  expect(doingSince({ ...talking, held: true, held_since: '2026-01-31T08:06:00Z' })).toBe('2026-01-31T08:06:00Z')
  expect(doingSince(talking)).toBe('2026-01-31T08:05:00Z')
})

test('whoever waits comes before whoever is served, whoever waits longest before the others', () => {
  const later: Call = { ...base, id: 'c', queued_at: '2026-01-31T08:02:00Z', queue: 'brief' }
  const ids = (calls: Call[]) => calls.map((c) => c.id)
  expect(ids(boarded([talking, later, base, { ...base, id: 'd', phase: 'ended' }], 'all', undefined))).toEqual(['a', 'c', 'b'])
  expect(ids(boarded([talking, later, base], 'waiting', 'sales'))).toEqual(['a'])
  expect(ids(boarded([talking, later, base], 'talking', undefined))).toEqual(['b'])
})

test('the agents of a call, who leads it first', () => {
  expect(agentsIn({ ...talking, participants: [customer, agent('ben'), agent('anna', true)] })).toEqual(['anna', 'ben'])
  expect(agentsIn(base)).toEqual([])
})
