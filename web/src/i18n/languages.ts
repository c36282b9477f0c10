/** The languages of the app, as they call themselves, in the order in which they are offered. */
export const languages = {
  en: 'English',
  de: 'Deutsch',
  pl: 'Polski',
  uk: 'Українська',
  fi: 'Suomi',
  zh: '简体中文',
} as const

export type Language = keyof typeof languages

/** A catalogue per part of the app, loaded with that part. A new one needs a file in every language; a test says which is missing. */
export const namespaces = ['common', 'desk', 'calls', 'supervisor', 'admin'] as const

export type Namespace = (typeof namespaces)[number]

/**
 * How dates, times and numbers are written: as in the reader's own country where the browser knows one that speaks the language. English without a country would be
 * American.
 */
export function localeOf(language: string, browser: readonly string[] = navigator.languages): string {
  return browser.find((l) => l.split('-')[0] === language) ?? (language === 'en' ? 'en-GB' : language)
}
