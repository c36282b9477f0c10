import { expect, test } from 'vitest'
import { datesIn } from './dates'

// Between the parts of a time some locales have a narrow space.
const plain = (text: string) => text.replaceAll('\u202F', ' ')

test.each([
  ['en-GB', '9 Aug 2026, 14:05', '9 Aug 2026, 14:05:09', '14:05', '9 Aug 2026'],
  ['en-US', 'Aug 9, 2026, 2:05 PM', 'Aug 9, 2026, 2:05:09 PM', '2:05 PM', 'Aug 9, 2026'],
  ['de-DE', '09.08.2026, 14:05', '09.08.2026, 14:05:09', '14:05', '09.08.2026'],
])('a reader of %s', (locale, moment, exactly, time, day) => {
  const dates = datesIn(locale, 'Europe/Berlin')
  const at = '2026-08-09T12:05:09Z'
  expect([dates.moment(at), dates.exactly(at), dates.time(at), dates.day('2026-08-09')].map(plain)).toEqual([moment, exactly, time, day])
})

test('a day is the same day by every clock', () => {
  for (const zone of ['Pacific/Kiritimati', 'Pacific/Pago_Pago']) expect(datesIn('en-GB', zone).day('2026-01-31')).toBe('31 Jan 2026')
})

// A zone can be younger than the browser, or older: the server's list is another one.
test('by the clocks of a zone that the browser does not know, times are UTC and say so', () => {
  expect(plain(datesIn('en-GB', 'Mars/Olympus').moment('2026-08-09T12:05:09Z'))).toBe('9 Aug 2026, 12:05 UTC')
  expect(plain(datesIn('en-GB', 'Mars/Olympus').time('2026-08-09T12:05:09Z'))).toBe('12:05 UTC')
  expect(datesIn('en-GB', 'Mars/Olympus').day('2026-01-31')).toBe('31 Jan 2026')
})

// Whoever writes a date in another way makes another form of it.
const sources = import.meta.glob<string>(['../**/*.{ts,tsx}', '!../**/*.test.*', '!./dates.ts'], { query: '?raw', import: 'default', eager: true })

test('dates and times are written here and nowhere else', () => {
  const others = Object.keys(sources).filter((file) => /new Intl\.DateTimeFormat|toLocale(Date|Time)?String\(/.test(sources[file] ?? ''))
  expect(others).toEqual([])
})
