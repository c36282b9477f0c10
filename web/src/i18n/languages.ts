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
export const namespaces = ['common', 'desk', 'supervisor', 'admin'] as const

export type Namespace = (typeof namespaces)[number]
