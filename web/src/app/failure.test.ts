import i18next from 'i18next'
import { beforeAll, expect, test } from 'vitest'
import { Problem } from '@/api/problem'
import { failureText } from './failure'

const catalogues = import.meta.glob<object>('../i18n/*/common.json', { import: 'default', eager: true })

beforeAll(async () => {
  const resources = Object.fromEntries(Object.entries(catalogues).map(([path, common]) => [path.split('/')[2] ?? '', { common: { ...common } }]))
  await i18next.init({ resources, lng: 'en', defaultNS: 'common' })
})

test('what the server refuses is told in the language of who reads it, if we have words for it', async () => {
  const full = new Problem(409, { error: { code: 'tasks_full', message: 'no more than 500 follow-ups may be open: tick off what is done' } })
  const told = new Set<string>()
  for (const path of Object.keys(catalogues)) {
    await i18next.changeLanguage(path.split('/')[2])
    told.add(failureText(full))
  }
  expect(told.size, 'another text in each language').toBe(Object.keys(catalogues).length)
  expect(told).not.toContain(full.message)
  expect(failureText(new Problem(409, { error: { code: 'conflict', field: 'name', message: 'is taken' } }))).toBe('name: is taken')
})
