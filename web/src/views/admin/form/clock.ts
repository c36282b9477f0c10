import type { components } from '@/api/schema'

export type WeekSpan = components['schemas']['WeekSpan']

/** Part of a day, as the API has it. */
export interface DaySpan {
  from: string
  to: string
}

/** The days of the week as the API names them. */
export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const

/** What was typed as a time of day, as the API has it: 9, 9:30, 9.30 and 0930 are times too. What is none stays as it is, for the server to say what is wrong with it. */
export function clockFrom(typed: string): string {
  const found = /^(\d{1,2})(?:[:.]?(\d{2}))?$/.exec(typed.trim())
  return found ? `${(found[1] ?? '').padStart(2, '0')}:${found[2] ?? '00'}` : typed.trim()
}

/** What one would add to the spans of a day: the usual hours, or the time after the last of them. */
export function nextSpan(spans: readonly DaySpan[]): DaySpan {
  const last = spans.at(-1)
  return last ? { from: last.to === '24:00' ? '' : last.to, to: '' } : { from: '09:00', to: '17:00' }
}

/** The week with the same spans on each day that is open. */
export function onOpenDays(week: readonly WeekSpan[], spans: readonly DaySpan[]): WeekSpan[] {
  return weekdays.filter((day) => week.some((s) => s.day === day)).flatMap((day) => spans.map((s) => ({ day, ...s })))
}
