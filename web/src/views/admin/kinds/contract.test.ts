import { expect, test } from 'vitest'
import contract from '@/api/schema.d.ts?raw'
import english from '@/i18n/en/admin.json'
import { kinds } from '.'
import { said } from '../form/draft'
import { namesOf } from '../form/fields'
import { strategies } from './queues'

function textOf(kind: keyof typeof english, name: string): unknown {
  return name.split('.').reduce<unknown>((at, part) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[part] : undefined), english[kind])
}

test('every strategy of the contract can be chosen, and is explained in a sentence', () => {
  const listed = / Strategy: (.*);/.exec(contract)?.[1]?.replaceAll('"', '').split(' | ')
  expect([...strategies].sort()).toEqual(listed?.sort())
  for (const s of strategies) expect(textOf('queues', `strategy_${s}_hint`), s).toMatch(/\.$/)
})

test.each(Object.values(kinds))('every field and section of $id has its words', (kind) => {
  for (const s of kind.sections) {
    expect(textOf(kind.texts, `section_${s.id}`), s.id).toBeTypeOf('string')
    for (const f of s.fields) {
      if (f.as === 'id') continue
      expect(textOf(kind.texts, f.name), f.name).toBeTypeOf('string')
      if (f.as === 'cards') for (const o of f.of) expect(textOf(kind.texts, `${f.name}_${o}`), `${f.name} ${o}`).toBeTypeOf('string')
    }
  }
  for (const c of kind.columns) expect(textOf(kind.texts, c.id) ?? textOf('form', c.id), c.id).toBeTypeOf('string')
  expect(new Set(namesOf(kind.sections as never)).size).toBe(namesOf(kind.sections as never).length)
})

test.each(Object.values(kinds))('all that can be set up of $id has its place in the form', (kind) => {
  const setup = `${kind.operations.replace.replace('replace', '')}Setup`
  const fields = new RegExp(`\\n {8}${setup}: ({\\n.*?)\\n {8}};`, 's').exec(contract)?.[1] ?? ''
  const names = [...fields.matchAll(/\n {12}(\w+)\??:/g)].map((m) => m[1] ?? '')
  expect(names, setup).toContain('name')
  const shown = namesOf(kind.sections as never)
  // Whose it is, is chosen above all forms.
  expect(names.filter((n) => n !== 'tenant' && !shown.some((f) => f === n || f.startsWith(`${n}.`)))).toEqual([])
})

test.each(Object.values(kinds))('the operations of $id are in the contract', (kind) => {
  for (const o of Object.values(kind.operations)) expect(contract).toContain(` ${o}: {`)
})

test('what the contract says to be for reading only is not sent', () => {
  const readOnly = [...contract.matchAll(/readonly (\w+)\??:/g)].map((m) => m[1] ?? '')
  expect(readOnly).toContain('version')
  expect(readOnly.filter((name) => !said.has(name))).toEqual([])
})
