import { expect, test } from 'vitest'
import { holidaysFrom, withHolidays } from './calendar'

function file(...events: string[][]): string {
  return ['BEGIN:VCALENDAR', 'VERSION:2.0', ...events.flatMap((e) => ['BEGIN:VEVENT', ...e, 'END:VEVENT']), 'END:VCALENDAR', ''].join('\r\n')
}

const found = (...events: string[][]) => holidaysFrom(file(...events), '2026-06-01')

test('a holiday of one year is a closed day', () => {
  expect(found(['DTSTART;VALUE=DATE:20261224', 'SUMMARY:Christmas Eve'])).toEqual({ days: [{ date: '2026-12-24', name: 'Christmas Eve' }], left: 0 })
})

test('one that comes again on the same date is one of every year, though the file has it from years ago', () => {
  expect(found(['DTSTART;VALUE=DATE:20001225', 'RRULE:FREQ=YEARLY', 'SUMMARY:Christmas']).days).toEqual([{ date: '12-25', name: 'Christmas' }])
  expect(found(['DTSTART;VALUE=DATE:20001003', 'RRULE:FREQ=YEARLY;INTERVAL=1;BYMONTH=10;BYMONTHDAY=3']).days).toEqual([{ date: '10-03' }])
})

test('one that comes again otherwise is taken for its own day, and told of', () => {
  const thanksgiving = ['DTSTART;VALUE=DATE:20261126', 'RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH', 'SUMMARY:Thanksgiving']
  expect(found(thanksgiving)).toEqual({ days: [{ date: '2026-11-26', name: 'Thanksgiving' }], left: 1 })
  expect(found(['DTSTART;VALUE=DATE:20261126', 'RRULE:FREQ=YEARLY;COUNT=3']).left).toBe(1)
  expect(found(['DTSTART;VALUE=DATE:20261126', 'RRULE:FREQ=WEEKLY']).left).toBe(1)
  // The first of every month, the last day of February, and Good Friday as some calendars have it.
  expect(found(['DTSTART;VALUE=DATE:20260701', 'RRULE:FREQ=YEARLY;BYMONTHDAY=1'])).toEqual({ days: [{ date: '2026-07-01' }], left: 1 })
  expect(found(['DTSTART;VALUE=DATE:20270228', 'RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1'])).toEqual({ days: [{ date: '2027-02-28' }], left: 1 })
  expect(found(['DTSTART;VALUE=DATE:20270326', 'RDATE;VALUE=DATE:20280414,20290330'])).toEqual({ days: [{ date: '2027-03-26' }], left: 1 })
})

test('what lasts for days is each of them, its end not included', () => {
  expect(found(['DTSTART;VALUE=DATE:20261230', 'DTEND;VALUE=DATE:20270102']).days.map((d) => d.date)).toEqual(['2026-12-30', '2026-12-31', '2027-01-01'])
  expect(found(['DTSTART;VALUE=DATE:20261230', 'DURATION:P2D']).days).toHaveLength(2)
  expect(found(['DTSTART;VALUE=DATE:20261230', 'DTEND;VALUE=DATE:20261231']).days).toHaveLength(1)
  expect(found(['DTSTART;VALUE=DATE:20270101', 'DTEND;VALUE=DATE:99991231']).days).toHaveLength(62)
})

test('meetings, what is over, what is called off and what is no date is left out', () => {
  const none = { days: [], left: 0 }
  expect(found(['DTSTART:20261224T090000Z', 'SUMMARY:Meeting'])).toEqual(none)
  expect(found(['DTSTART;TZID=Europe/Berlin:20261224T090000'])).toEqual(none)
  expect(found(['DTSTART;VALUE=DATE:20260531'])).toEqual(none)
  expect(found(['DTSTART;VALUE=DATE:20261224', 'STATUS:CANCELLED'])).toEqual(none)
  expect(found(['DTSTART;VALUE=DATE:20260631'])).toEqual(none)
  expect(holidaysFrom('id,name\nanna,Anna\n', '2026-06-01')).toEqual(none)
  expect(holidaysFrom('', '2026-06-01')).toEqual(none)
})

test('lines are folded, texts have signs in front of signs, and an alarm within an event is none of its', () => {
  const event = ['DTSTART;VALUE=DATE:20261003', 'SUMMARY;LANGUAGE=de:Tag der\r\n  Deutschen Einheit\\, überall\\; wirklich', 'BEGIN:VALARM', 'SUMMARY:Reminder', 'END:VALARM']
  expect(found(event).days).toEqual([{ date: '2026-10-03', name: 'Tag der Deutschen Einheit, überall; wirklich' }])
})

test('a line that is none is passed over, however many signs it has', () => {
  const day = 'DTSTART;VALUE=DATE:20261224'
  for (const line of [`A${';'.repeat(5000)}`, `A;X="${'";"'.repeat(2000)}`, `A${';x="a"'.repeat(2000)}`]) expect(found([line, day]).days).toEqual([{ date: '2026-12-24' }])
  expect(found(['DTSTART;X-A="a:b","c;d";VALUE=DATE:20261225']).days).toEqual([{ date: '2026-12-25' }])
})

test('what somebody has written for a date stays', () => {
  const own = { date: '2026-12-24', name: 'Short', open: [{ from: '09:00', to: '12:00' }] }
  expect(withHolidays([own], [{ date: '2026-12-24' }, { date: '12-25' }])).toEqual([own, { date: '12-25' }])
})
