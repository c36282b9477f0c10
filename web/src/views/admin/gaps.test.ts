import { expect, test } from 'vitest'
import type { AgentView } from '@/api/types'
import { gaps, type Setup } from './gaps'

const whole = {
  agents: [{ id: 'anna', name: 'Anna' }],
  queues: [{ id: 'sales', name: 'Sales', members: [{ agent: 'anna' }] }],
  entryPoints: [{ id: 'line', name: 'Line', numbers: ['+4930100'], queue: 'sales', off: false }],
  users: [{ id: 'u', name: 'anna', agent: 'anna', has_password: true, disabled: false }],
  phones: [{ id: 'desk', name: 'Desk', has_password: true }],
  live: new Map(),
} as unknown as Setup

function found(change: object) {
  return gaps({ ...whole, ...change }).map((g) => [g.what, g.name, g.bad])
}

test('a set-up without a gap has none', () => {
  expect(found({})).toEqual([])
})

test('an empty house says what to begin with', () => {
  expect(found({ agents: [], queues: [], entryPoints: [], users: [] })).toEqual([
    ['noAgents', '', true],
    ['noQueues', '', true],
    ['noEntryPoints', '', true],
  ])
})

test('what keeps calls from being answered comes first', () => {
  expect(
    found({
      users: [],
      queues: [{ id: 'sales', name: 'Sales', members: [] }],
    }),
  ).toEqual([
    ['queueEmpty', 'Sales', true],
    ['noCalls', 'Anna', false],
    ['noSignIn', 'Anna', false],
  ])
})

test('an agent of a ring group has calls, and who may not see users is told nothing of sign-ins', () => {
  expect(found({ queues: [], entryPoints: [{ id: 'line', name: 'Line', numbers: ['1'], users: ['anna'], off: false }], users: undefined })).toEqual([])
})

test('an entry point says one thing: that it is off, that it leads nowhere, or that nobody can call it', () => {
  const line = (change: object) => found({ entryPoints: [{ id: 'line', name: 'Line', numbers: [], off: false, ...change }] })
  expect(line({ off: true })).toEqual([['isOff', 'Line', false]])
  expect(line({})).toEqual([['leadsNowhere', 'Line', true]])
  expect(line({ queue: 'sales' })).toEqual([['noNumbers', 'Line', false]])
})

test('a phone that cannot be reached matters while its agent is there', () => {
  const live = (state: AgentView['state']) => found({ live: new Map([['anna', { id: 'anna', state, phone_down: true }]]) })
  expect(live('available')).toEqual([['phoneDown', 'Anna', true]])
  expect(live('offline')).toEqual([])
})

test('a phone without a password cannot register', () => {
  expect(found({ phones: [{ id: 'desk', name: 'Desk', has_password: false }] })).toEqual([['phoneNoPassword', 'Desk', false]])
})
