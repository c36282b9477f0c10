import { expect, test } from 'vitest'
import type { AgentView, Call, Queue, QueueView } from '@/api/types'
import { freeOf, oldestOf, rowsOf, sameRow, signedIn, staffOf } from './queues'

function map<T extends { id: string }>(...items: Partial<T>[]): ReadonlyMap<string, T> {
  return new Map(items.map((i) => [i.id ?? '', i as T]))
}

const agents = map<AgentView>({ id: 'anna', state: 'engaged' }, { id: 'ben', state: 'available' }, { id: 'cleo', state: 'offline' })
const queues = map<QueueView>({ id: 's', name: 'Sales', oldest: 'c1' }, { id: 'b', name: 'Brief', oldest: 'gone' })
const calls = map<Call>({ id: 'c1', queued_at: '2026-01-31T08:00:00Z' })

test("a queue's members are counted by their state; those who may not be seen are not", () => {
  const staff = staffOf([{ agent: 'anna' }, { agent: 'ben' }, { agent: 'cleo' }, { agent: 'unseen' }], agents)
  expect(staff).toMatchObject({ engaged: 1, available: 1, offline: 1, idle: 0 })
  expect(signedIn(staff)).toBe(2)
})

test('the longest wait is that of the first in line; a call that is gone has none', () => {
  expect([...oldestOf(queues, calls)]).toEqual([['s', '2026-01-31T08:00:00Z']])
})

test('rows stand in order of names, and say no more than is known', () => {
  const rows = rowsOf(queues, calls, agents, undefined, undefined)
  expect(rows.map((r) => r.queue.name)).toEqual(['Brief', 'Sales'])
  expect(rows[1]).toMatchObject({ since: '2026-01-31T08:00:00Z', figures: undefined, staff: undefined })
})

test('a row is another one only when something in it is', () => {
  const setup = map<Queue>({ id: 's', members: [{ agent: 'anna' }] as Queue['members'] })
  const [, before] = rowsOf(queues, calls, agents, setup, undefined)
  const [, again] = rowsOf(queues, calls, new Map(agents), setup, undefined)
  const [, after] = rowsOf(queues, calls, map<AgentView>({ id: 'anna', state: 'wrap_up' }), setup, undefined)
  if (!before || !again || !after) throw new Error('there are rows')
  expect(sameRow(before, again)).toBe(true)
  expect(sameRow(before, after)).toBe(false)
})

test('free is who could be offered a call: reachable, and in a queue that has somebody free; each counts once', () => {
  const all = map<AgentView>(
    { id: 'anna', state: 'available' },
    { id: 'ben', state: 'available', phone_down: true },
    { id: 'cleo', state: 'available', paused_till: '2026-01-31T08:00:00Z' },
    { id: 'dora', state: 'available' },
    { id: 'ella', state: 'available' },
    { id: 'finn', state: 'idle' },
  )
  const members = (...ids: string[]) => ids.map((agent) => ({ agent })) as Queue['members']
  const setup = map<Queue>(
    { id: 's', members: members('anna', 'ben', 'cleo', 'finn') },
    { id: 'b', members: members('anna') },
    { id: 'away', members: members('dora') }, // at a switch that is away, say
  )
  const live = map<QueueView>({ id: 's', free: 1 }, { id: 'b', free: 1 }, { id: 'away', free: 0 })
  expect(freeOf(all.values(), live, setup)).toBe(1)
  // Until it is known who is where, nobody is left out who can be reached.
  expect(freeOf(all.values(), live, undefined)).toBe(3)
})
