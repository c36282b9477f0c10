import type { TFunction } from 'i18next'
import { expect, test } from 'vitest'
import { deedOf, objectOf } from './audit'
import { oneTimePassword } from './kinds/password'
import type { Column } from './kinds/kind'
import { arranged } from './list'

interface Thing {
  id: string
  name: string
  version: number
  size: number
}

const columns: Column<Thing>[] = [
  { id: 'name', text: (r) => r.name },
  { id: 'size', text: (r) => r.size },
]
const things = [
  { id: 'b', name: 'Zoë 10', version: 1, size: 2 },
  { id: 'a', name: 'Zoë 9', version: 1, size: 10 },
  { id: 'c', name: 'anna', version: 1, size: 2 },
]
const t = ((key: string) => key) as TFunction<'admin'>

function names(search: string, column: string, isDown: boolean) {
  return arranged(things, columns, search, { column, isDown }, t, 'en').map((r) => r.id)
}

test('a list is sorted as people do, numbers by their value', () => {
  expect(names('', 'name', false)).toEqual(['c', 'a', 'b'])
  expect(names('', 'name', true)).toEqual(['b', 'a', 'c'])
  expect(names('', 'size', false)).toEqual(['c', 'b', 'a'])
  expect(names('', 'size', true)).toEqual(['a', 'c', 'b'])
})

test('every word of a search has to be found, without case and accents', () => {
  expect(names('zoe', 'name', false)).toEqual(['a', 'b'])
  expect(names('ZOE 9', 'name', false)).toEqual(['a'])
  expect(names('zoe nobody', 'name', false)).toEqual([])
})

test('operations of the log are told in words', () => {
  expect(deedOf('createQueue')).toEqual({ verb: 'create' })
  expect(deedOf('importAgents')).toEqual({ verb: 'import' })
  expect(deedOf('setPassword')).toEqual({ deed: 'setPassword' })
  expect(deedOf('deleted')).toBeUndefined()
  expect(objectOf('entry-point/main/2')).toEqual({ kind: 'entry-point', id: 'main/2' })
})

test('a one-time password is drawn evenly', () => {
  // What would favour the first letters is drawn again.
  let calls = 0
  const first = oneTimePassword((n) => new Uint8Array(n).fill(calls++ === 0 ? 255 : 30))
  expect(first).toBe('9999-9999-9999-9999')
  expect(oneTimePassword()).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/)
})
