import { afterEach, expect, test, vi } from 'vitest'
import { clock, noteServerTime, serverNow } from './clock'

afterEach(() => {
  vi.useRealTimers()
})

test.each([
  [0, '0:00'],
  [65.9, '1:05'],
  [3600, '1:00:00'],
  [36_061, '10:01:01'],
  [-3, '0:00'],
])('%d seconds are %s', (seconds, text) => {
  expect(clock(seconds)).toBe(text)
})

test('time is the server’s, where the two clocks differ by more than a header can tell', () => {
  vi.useFakeTimers({ now: Date.parse('2026-01-31T08:00:00Z') })
  noteServerTime('Sat, 31 Jan 2026 08:05:00 GMT')
  expect(serverNow()).toBe(Date.parse('2026-01-31T08:05:00.500Z'))
  noteServerTime('Sat, 31 Jan 2026 08:00:01 GMT')
  expect(serverNow()).toBe(Date.now())
  noteServerTime(null)
  noteServerTime('soon')
  expect(serverNow()).toBe(Date.now())
})
