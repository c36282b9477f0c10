import { expect, test } from 'vitest'
import type { CallRecord, Entry } from '@/api/types'
import { isMissing, lastClosed } from './latest'

const at = (minute: number) => `2026-01-31T08:${String(minute).padStart(2, '0')}:00Z`
const record = (call: string, minute: number) => ({ call, arrived_at: at(minute) }) as CallRecord
const closed = (call: string, minute: number, agent = 'anna'): Entry => ({ at: at(minute + 5), kind: 'call.closed', call, agent, record: record(call, minute) })

test('the call of mine that ended last', () => {
  const entries = [closed('a', 1), closed('b', 2), closed('c', 3, 'ben'), { at: at(9), kind: 'call.arrived', call: 'd' }]
  expect(lastClosed(entries, 'anna')?.call).toBe('b')
  expect(lastClosed(entries, 'cleo')).toBeUndefined()
})

test('a record is asked for until it is there, and only if it belongs there', () => {
  const latest = [record('b', 3), record('a', 2)]
  expect(isMissing(undefined, latest, 6)).toBe(false)
  expect(isMissing(closed('c', 4), undefined, 6), 'nothing was asked yet').toBe(false)
  expect(isMissing(closed('c', 4), latest, 6)).toBe(true)
  expect(isMissing(closed('c', 4), latest, 2)).toBe(true)
  expect(isMissing(closed('b', 3), latest, 6)).toBe(false)
  expect(isMissing(closed('long', 1), latest, 6)).toBe(true)
  expect(isMissing(closed('long', 1), latest, 2), 'older than all that are shown').toBe(false)
  expect(isMissing(closed('c', 4), [], 6)).toBe(true)
})
