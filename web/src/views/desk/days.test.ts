import { expect, test } from 'vitest'
import { dayOf } from './days'

test('a day is the one on the wall, over the ends of months, years and summer time', () => {
  expect(dayOf(new Date(2026, 0, 31, 23, 59))).toBe('2026-01-31')
  expect(dayOf(new Date(2026, 0, 31, 0, 0), 1)).toBe('2026-02-01')
  expect(dayOf(new Date(2026, 11, 31, 12), 1)).toBe('2027-01-01')
  expect(dayOf(new Date(2026, 2, 29, 12), 1)).toBe('2026-03-30')
})
