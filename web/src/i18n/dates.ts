import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { localeOf } from './languages'

type At = string | number | Date

/** How dates and times are written, everywhere in the app: in the reader's locale, a date with its month in letters (8/9 is another day in another country). */
export interface Dates {
  /** 14:05 */
  time: (at: At) => string
  /** 14:05:09, where seconds tell what came first. */
  second: (at: At) => string
  /** 9 Aug 2026, 14:05 */
  moment: (at: At) => string
  /** 9 Aug 2026, 14:05:09 */
  exactly: (at: At) => string
  /** Sunday 9 August */
  weekday: (at: At) => string
  /** Monday, of the first day of a week that begins with it (0). */
  dayOfWeek: (day: number) => string
  /** 9 Aug 2026, of a day as the API has it, 2026-08-09. It is the same day everywhere: no clock moves it. */
  day: (day: string) => string
}

/** In a locale; by the clocks of a zone, or else by the reader's own. Of a zone that this browser does not know, times are UTC, and say so. */
export function datesIn(locale: string, zone?: string): Dates {
  const isKnown = !zone || isZone(zone)
  const by = (options: Intl.DateTimeFormatOptions): ((at: At) => string) => {
    let format: Intl.DateTimeFormat | undefined
    const mark = isKnown || options.timeZone ? '' : ' UTC'
    return (at) => (format ??= new Intl.DateTimeFormat(locale, zone ? { timeZone: isKnown ? zone : 'UTC', ...options } : options)).format(new Date(at)) + mark
  }
  const day = by({ dateStyle: 'medium', timeZone: 'UTC' })
  const weekday = by({ weekday: 'long', timeZone: 'UTC' })
  return {
    time: by({ timeStyle: 'short' }),
    second: by({ timeStyle: 'medium' }),
    moment: by({ dateStyle: 'medium', timeStyle: 'short' }),
    exactly: by({ dateStyle: 'medium', timeStyle: 'medium' }),
    weekday: by({ weekday: 'long', day: 'numeric', month: 'long' }),
    dayOfWeek: (of) => weekday(Date.UTC(2024, 0, 1 + of)), // it was a Monday
    day: (of) => day(`${of}T00:00:00Z`),
  }
}

function isZone(zone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: zone }))
  } catch {
    return false
  }
}

export function useDates(zone?: string): Dates {
  const { i18n } = useTranslation()
  return useMemo(() => datesIn(localeOf(i18n.language), zone), [i18n.language, zone])
}
