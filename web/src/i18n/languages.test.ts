import { expect, test } from 'vitest'
import { localeOf } from './languages'

test.each([
  ['de', ['en-US', 'de-AT'], 'de-AT'],
  ['en', ['de-DE'], 'en-GB'],
  ['en', ['en-US'], 'en-US'],
  ['fi', ['de-DE'], 'fi'],
])('%s in a browser of %s is written as %s', (language, browser, locale) => {
  expect(localeOf(language, browser)).toBe(locale)
})
