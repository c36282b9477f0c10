import { describe, expect, test } from 'vitest'
import { languages, namespaces, type Language } from './languages'

const catalogues = import.meta.glob<Record<string, unknown>>('./*/*.json', { import: 'default', eager: true })

/** Every text of a catalogue by its key. Forms of a plural count as one key: how many there are is a matter of the language. */
function texts(of: unknown, at = ''): Map<string, string> {
  const all = new Map<string, string>()
  for (const [name, value] of Object.entries(of as Record<string, unknown>)) {
    const key = at ? `${at}.${name}` : name
    if (typeof value === 'string') all.set(key, value)
    else for (const [k, v] of texts(value, key)) all.set(k, v)
  }
  return all
}

const plural = /_(zero|one|two|few|many|other)$/

function keys(of: unknown): string[] {
  return [...new Set([...texts(of).keys()].map((k) => k.replace(plural, '')))].sort()
}

function parameters(text: string): string[] {
  return [...text.matchAll(/{{(\w+)/g)].map((m) => m[1] ?? '').sort()
}

describe.each(namespaces)('%s', (namespace) => {
  const english = catalogues[`./en/${namespace}.json`]

  test.each(Object.keys(languages))('%s has every text and none too many', (language) => {
    const own = catalogues[`./${language}/${namespace}.json`]
    expect(own, `src/i18n/${language}/${namespace}.json`).toBeDefined()
    expect(keys(own)).toEqual(keys(english))
  })

  test.each(Object.keys(languages))('%s has the forms of every plural that the language has', (language) => {
    const own = texts(catalogues[`./${language}/${namespace}.json`])
    const forms = new Intl.PluralRules(language).resolvedOptions().pluralCategories
    for (const key of own.keys()) {
      if (!plural.test(key)) continue
      for (const form of forms) expect(own.has(key.replace(plural, `_${form}`)), `${key} has the form ${form}`).toBe(true)
    }
  })

  test.each(Object.keys(languages) as Language[])('%s has no empty text, and the parameters of the English one', (language) => {
    const own = texts(catalogues[`./${language}/${namespace}.json`])
    for (const [key, text] of own) {
      expect(text.trim(), key).not.toBe('')
      const reference = texts(english).get(key) ?? texts(english).get(key.replace(plural, '_other'))
      if (reference !== undefined && !plural.test(key)) expect(parameters(text), key).toEqual(parameters(reference))
    }
  })
})
