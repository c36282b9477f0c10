import { expect, test } from 'vitest'
import type { Variable } from '@/api/types'
import { brokenRule, fromLocal, readDrafts, replaced, toLocal } from './values'

test.each([
  ['integer', '12', undefined],
  ['integer', '-12', undefined],
  ['integer', '1.5', 'integer'],
  ['decimal', '1.5', undefined],
  ['decimal', '1,5', 'decimal'],
  ['decimal', '.5', 'decimal'],
  ['date_time', '2026-01-31T08:00:00Z', undefined],
  ['date_time', 'tomorrow', 'dateTime'],
  ['string', 'ä'.repeat(256), undefined],
  ['string', '😀'.repeat(256), undefined],
  ['string', 'x'.repeat(257), 'tooLong'],
  ['integer', '', undefined],
] as const)('%s %s breaks %s', (type, value, rule) => {
  expect(brokenRule(type, value)).toBe(rule)
})

test('a point in time survives the field that edits it', () => {
  expect(fromLocal(toLocal('2026-01-31T08:05:00Z'))).toBe('2026-01-31T08:05:00Z')
  expect(toLocal('never')).toBe('')
  expect(fromLocal('')).toBe('')
})

test('what is kept and is no draft is dropped', () => {
  expect(readDrafts('{"order":{"value":"A","version":1},"x":{"value":1},"y":null}')).toEqual({ order: { value: 'A', version: 1 } })
  expect(readDrafts('nonsense')).toEqual({})
  expect(readDrafts('null')).toEqual({})
})

test('a value is replaced when somebody else wrote another one meanwhile', () => {
  const order = { name: 'order', value: 'B', version: 2 } as Variable
  expect(replaced(order, { value: 'C', version: 1 })).toBe(true)
  expect(replaced(order, { value: 'B', version: 1 })).toBe(false)
  expect(replaced(order, { value: 'C', version: 2 })).toBe(false)
  expect(replaced(order, undefined)).toBe(false)
})
