import { expect, test } from 'vitest'
import contract from '@/api/schema.d.ts?raw'
import { languages } from '@/i18n/languages'

const catalogues = import.meta.glob<{ reason: Record<string, string> }>('../../i18n/*/calls.json', { import: 'default', eager: true })

test.each(Object.keys(languages))('%s has a text for every reason of the contract, and for nothing else (R6)', (language) => {
  const listed = / EntryReason: (.*);/.exec(contract)?.[1]?.replaceAll('"', '').split(' | ') ?? []
  expect(listed).toContain('no_answer')
  expect(Object.keys(catalogues[`../../i18n/${language}/calls.json`]?.reason ?? {}).sort()).toEqual(listed.sort())
})
