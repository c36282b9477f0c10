import type { components } from '@/api/schema'

type SpecialDay = components['schemas']['SpecialDay']

export interface Found {
  days: SpecialDay[]
  /** How many events come again otherwise than opening hours have it, as every fourth Thursday: their other days are not among those found. */
  left: number
}

/** As many days one event may last. Longer ones are seasons, not holidays. */
const longest = 62

/**
 * The whole days of an iCalendar file (RFC 5545), as closed days: of one year those from today on, of every year those that come again on the same date. Events with a time of day are meetings and
 * are left out, as are cancelled ones.
 */
export function holidaysFrom(file: string, today: string): Found {
  const found = new Map<string, SpecialDay>()
  let left = 0
  for (const event of events(file)) {
    const from = dateOf(event.get('DTSTART'))
    if (!from || event.get('STATUS')?.toUpperCase() === 'CANCELLED') continue
    const name = plain(event.get('SUMMARY') ?? '')
    const rule = event.get('RRULE')
    const everyYear = rule !== undefined && isSameDate(rule)
    if ((rule !== undefined && !everyYear) || event.has('RDATE')) left++
    for (const day of daysOf(from, event)) {
      const date = everyYear ? day.slice(5) : day
      if (!everyYear && day < today) continue
      if (!found.has(date)) found.set(date, name ? { date, name } : { date })
    }
  }
  return { days: [...found.values()].sort((a, b) => (a.date < b.date ? -1 : 1)), left }
}

/** The properties of each event. Long lines are folded in the file; parameters of a property stand before its colon. */
function events(file: string): Map<string, string>[] {
  const all: Map<string, string>[] = []
  const open: string[] = []
  for (const line of file.replace(/\r?\n[ \t]/g, '').split(/\r?\n/)) {
    const [, name = '', value = ''] = /^([A-Za-z-]+)(?:;(?:[^:"]|"[^"]*")*)?:(.*)$/.exec(line) ?? []
    const property = name.toUpperCase()
    if (property === 'BEGIN') {
      open.push(value.toUpperCase())
      if (open.at(-1) === 'VEVENT') all.push(new Map())
    } else if (property === 'END') open.pop()
    else if (open.at(-1) === 'VEVENT' && property) all.at(-1)?.set(property, value.trim())
  }
  return all
}

/** 20261225 as 2026-12-25; undefined for what is no whole day, or none that there is. */
function dateOf(value: string | undefined): string | undefined {
  const [, y, m, d] = /^(\d{4})(\d{2})(\d{2})$/.exec(value ?? '') ?? []
  const date = `${y}-${m}-${d}`
  return y && after(date, 0) === date ? date : undefined
}

function after(date: string, days: number): string | undefined {
  const at = Date.parse(`${date}T00:00:00Z`)
  return Number.isNaN(at) ? undefined : new Date(at + days * 86_400_000).toISOString().slice(0, 10)
}

/** From its first day up to and without its end. */
function daysOf(from: string, event: Map<string, string>): string[] {
  const to = dateOf(event.get('DTEND'))
  const [, weeks, days] = /^P(?:(\d+)W)?(?:(\d+)D)?$/.exec(event.get('DURATION') ?? '') ?? []
  const end = to ?? after(from, Number(weeks ?? 0) * 7 + Number(days ?? 0) || 1) ?? from
  const all = [from]
  for (let next = after(from, 1); next && next < end && all.length < longest; next = after(next, 1)) all.push(next)
  return all
}

/** Whether a rule says "on the same date of every year", and nothing else. */
function isSameDate(rule: string): boolean {
  const parts = new Map(rule.split(';').map((p) => p.toUpperCase().split('=') as [string, string]))
  const harmless = new Set(['FREQ', 'INTERVAL', 'BYMONTH', 'BYMONTHDAY', 'WKST'])
  const day = parts.get('BYMONTHDAY') // of every month if it names none; a negative one is counted from the end
  const isOneDay = day === undefined || (parts.has('BYMONTH') && Number(day) > 0)
  return parts.get('FREQ') === 'YEARLY' && (parts.get('INTERVAL') ?? '1') === '1' && isOneDay && [...parts.keys()].every((p) => harmless.has(p)) && !rule.includes(',')
}

function plain(text: string): string {
  return text
    .replace(/\\[nN]/g, ' ')
    .replace(/\\(.)/g, '$1')
    .trim()
    .slice(0, 128)
}

/** The days with those found that are not among them yet: what somebody has written for a date stays. */
export function withHolidays(days: readonly SpecialDay[], found: readonly SpecialDay[]): SpecialDay[] {
  const have = new Set(days.map((d) => d.date))
  return [...days, ...found.filter((d) => !have.has(d.date))]
}
