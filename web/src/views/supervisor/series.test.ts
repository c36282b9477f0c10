import { expect, test } from 'vitest'
import { beginnings, daysOf, range, stacked, total, trimmed, type Interval } from './series'

function interval(hour: number, answered = 0, abandoned = 0): Interval {
  return {
    from: new Date(Date.UTC(2026, 0, 31, hour)).toISOString(),
    entered: answered + abandoned,
    refused: 0,
    presented: answered + abandoned,
    answered,
    answered_in_time: answered,
    abandoned,
    abandoned_in_time: 0,
    abandoned_short: 0,
    unanswered: 0,
    lost: 0,
    longest_wait: 0,
    service_levels: {},
    handled: 0,
  }
}

const day = Array.from({ length: 18 }, (_, h) => interval(h, h >= 8 ? 2 : 0, h === 9 ? 1 : 0))

test('the night is left out, but for one interval before the first call', () => {
  expect(trimmed(day).map((i) => new Date(i.from).getUTCHours())).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17])
})

test('a day that has just begun still has some width', () => {
  expect(trimmed(day.slice(0, 9))).toHaveLength(8)
  expect(trimmed(day.slice(0, 8))).toEqual([])
})

test('rows are stacked', () => {
  expect(stacked([1, 2], [0, 3], [4, 0])).toEqual([
    [1, 2],
    [1, 5],
    [5, 5],
  ])
})

test('sums and ranges', () => {
  expect(total(day)).toEqual({ answered: 20, abandoned: 1, unanswered: 0 })
  expect(range([undefined, 3, 1])).toEqual({ low: 1, high: 3 })
  expect(range([undefined])).toBeUndefined()
  expect(beginnings(day.slice(0, 2))).toEqual([1769817600, 1769821200])
})

test('days end where the next one begins', () => {
  expect(daysOf(day.slice(0, 2))).toEqual([
    { from: '2026-01-31T01:00:00.000Z', to: undefined },
    { from: '2026-01-31T00:00:00.000Z', to: '2026-01-31T01:00:00.000Z' },
  ])
})
