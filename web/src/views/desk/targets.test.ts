import { expect, test } from 'vitest'
import type { AgentView, DirectoryItem } from '@/api/types'
import { nothing } from '@/live/state'
import { canTake, choices } from './targets'

const item = (kind: DirectoryItem['kind'], id: string, more: Partial<DirectoryItem> = {}): DirectoryItem => ({ kind, id, tenant: 'acme', name: id, ...more })
const items = [
  item('agent', 'anna', { state: 'available' }),
  item('agent', 'ben', { state: 'engaged', teams: ['north'] }),
  item('agent', 'cleo', { state: 'available', teams: ['north'] }),
  item('queue', 'sales', { waiting: 2, free: 1 }),
  item('entry_point', 'main'),
]
const ids = (...args: Parameters<typeof choices>) => choices(...args).map((c) => c.id)

test('everybody but me, those who can be asked first', () => {
  expect(ids(items, nothing, 'anna', '', 'all')).toEqual(['agent/cleo', 'queue/sales', 'entry_point/main', 'agent/ben'])
})

test('the state is that of this moment, not of the moment in which the directory was asked for', () => {
  const live = { ...nothing, directory: new Map([['ben', item('agent', 'ben', { state: 'available' })]]), agents: new Map([['cleo', { id: 'cleo', state: 'offline' } as AgentView]]) }
  const [ben, ...rest] = choices(items, live, 'anna', 'north', 'agent')
  expect(ben).toMatchObject({ id: 'agent/ben', state: 'available' })
  expect(rest.map((c) => [c.id, c.state])).toEqual([['agent/cleo', 'offline']])
})

test('all words have to fit', () => {
  expect(ids(items, nothing, 'anna', 'CLEO nor', 'all')).toEqual(['agent/cleo'])
  expect(ids(items, nothing, 'anna', 'cleo south', 'all')).toEqual([])
})

test('a number can be typed or pasted', () => {
  expect(choices(items, nothing, 'anna', '+49 (30) 12-34', 'all')[0]).toMatchObject({ kind: 'number', to: { number: '+49301234' } })
  expect(ids(items, nothing, 'anna', '12', 'all')).toEqual([])
})

test('who can take what', () => {
  const idle = choices([item('agent', 'x', { state: 'idle' })], nothing, 'me', '', 'all')[0]
  if (!idle) throw new Error('nobody')
  expect(canTake(idle, 'consult')).toBe(true)
  expect(canTake(idle, 'transfer')).toBe(false)
  expect(canTake({ ...idle, state: 'wrap_up' }, 'consult')).toBe(false)
  expect(canTake({ ...idle, kind: 'queue' }, 'transfer')).toBe(true)
})

test('an entry point outside its opening hours is seen, at the end, and takes nobody (N4)', () => {
  const at = '2026-11-23T08:00:00Z'
  const found = choices([item('entry_point', 'night', { closed: true, opens: at }), ...items], nothing, 'anna', '', 'all')
  expect(found.map((c) => c.id)).toEqual(['agent/cleo', 'queue/sales', 'entry_point/main', 'entry_point/night', 'agent/ben'])
  expect(found.map((c) => canTake(c, 'transfer'))).toEqual([true, true, true, false, false])
  expect(found[3]).toMatchObject({ closed: true, opens: at })
})
