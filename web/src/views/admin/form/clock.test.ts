import { expect, test } from 'vitest'
import { datesIn } from '@/i18n/dates'
import { clockFrom, nextSpan, onOpenDays, weekdays } from './clock'

test.each([
  ['9', '09:00'],
  ['09', '09:00'],
  ['9:30', '09:30'],
  ['9.30', '09:30'],
  ['0930', '09:30'],
  [' 24:00 ', '24:00'],
  ['nine', 'nine'],
  ['9:3', '9:3'],
  ['', ''],
])('%j is the time of day %j', (typed, clock) => {
  expect(clockFrom(typed)).toBe(clock)
})

test('a day begins with the usual hours, and goes on where it ended', () => {
  expect(nextSpan([])).toEqual({ from: '09:00', to: '17:00' })
  expect(nextSpan([{ from: '09:00', to: '12:00' }])).toEqual({ from: '12:00', to: '' })
  expect(nextSpan([{ from: '09:00', to: '24:00' }])).toEqual({ from: '', to: '' })
})

test('the week begins on Monday, in every language', () => {
  const english = datesIn('en')
  expect(weekdays.map((_, at) => english.dayOfWeek(at).toLowerCase())).toEqual([...weekdays])
  expect(datesIn('fi').dayOfWeek(6)).toBe('sunnuntai')
})

test('the times of one day are those of all that are open, and no day off becomes one', () => {
  const week = [
    { day: 'monday', from: '09:00', to: '12:00' },
    { day: 'monday', from: '13:00', to: '17:00' },
    { day: 'saturday', from: '10:00', to: '14:00' },
  ] as const
  expect(onOpenDays(week, [{ from: '08:00', to: '18:00' }])).toEqual([
    { day: 'monday', from: '08:00', to: '18:00' },
    { day: 'saturday', from: '08:00', to: '18:00' },
  ])
})
