import { describe, expect, test } from 'vitest'
import { body, fieldOf, idFrom, isChanged, itemOf, merge, numberFrom, numberText, valueAt, withValue } from './draft'

test('values are read and written by their names', () => {
  const row = { name: 'Sales', wrap_up: { time: 30, reasons: ['Order'] } }
  expect(valueAt(row, 'wrap_up.time')).toBe(30)
  expect(valueAt(row, 'dialling.trunk')).toBeUndefined()
  expect(withValue(row, 'wrap_up.time', 60)).toEqual({ name: 'Sales', wrap_up: { time: 60, reasons: ['Order'] } })
  expect(withValue(row, 'dialling.trunk', 'carrier')).toMatchObject({ dialling: { trunk: 'carrier' } })
  expect(row.wrap_up.time).toBe(30)
})

describe('what counts as a change', () => {
  test.each([
    ['a flag that was left out', {}, { record: false }, false],
    ['an empty list', {}, { skills: [] }, false],
    ['nothing within something', {}, { wrap_up: { time: 0, reasons: [] } }, false],
    ['what the server says by itself', { version: 1, live: { waiting: 0 } }, { version: 2, live: { waiting: 3 } }, false],
    ['the order of keys', { skills: { a: 1, b: 2 } }, { skills: { b: 2, a: 1 } }, false],
    ['the order of members', { members: [{ agent: 'a' }, { agent: 'b' }] }, { members: [{ agent: 'b' }, { agent: 'a' }] }, true],
    ['a member with nothing but an id', { members: [{ agent: 'a', level: 0 }] }, { members: [{ agent: 'a' }] }, false],
    ['an empty text in a list', { numbers: [] }, { numbers: [''] }, true],
    ['a number that is none yet', { ring_time: 20 }, { ring_time: '20x' }, true],
  ])('%s', (_, row, draft, changed) => {
    expect(isChanged(row, draft)).toBe(changed)
  })
})

test('what is sent has nothing that the server says by itself', () => {
  expect(body({ id: 'anna', name: 'Anna', version: 3, live: {}, has_password: true, engine: undefined })).toEqual({ id: 'anna', name: 'Anna' })
})

test('what two wrote is put together field by field; of what both changed, what is written here stays', () => {
  const base = { name: 'Sales', ring_time: 20, music: 'jazz', version: 1 }
  const mine = { name: 'Sales north', ring_time: 20, music: 'folk', version: 1 }
  const theirs = { name: 'Sales', ring_time: 30, music: 'rock', version: 2 }
  expect(merge(base, mine, theirs)).toEqual({
    draft: { name: 'Sales north', ring_time: 30, music: 'folk', version: 2 },
    taken: ['ring_time'],
    disputed: ['music'],
  })
})

test('two who wrote the same do not disagree', () => {
  expect(merge({ name: 'a' }, { name: 'b' }, { name: 'b' })).toEqual({ draft: { name: 'b' }, taken: [], disputed: [] })
})

test('a complaint is shown at the field that it is about', () => {
  const fields = ['members', 'wrap_up.time', 'wrap_up.reasons', 'ring_time', 'skills']
  expect(fieldOf('members[2].agent', fields)).toBe('members')
  expect(fieldOf('wrap_up.reasons[0]', fields)).toBe('wrap_up.reasons')
  expect(fieldOf('skills.english', fields)).toBe('skills')
  expect(fieldOf('ring_time', fields)).toBe('ring_time')
  expect(fieldOf('If-Match', fields)).toBeUndefined()
  expect(fieldOf(undefined, fields)).toBeUndefined()
  expect(itemOf('members[2].agent')).toBe(2)
  expect(itemOf('members')).toBeUndefined()
})

test('numbers as they are typed', () => {
  expect(numberFrom(' 2,5 ')).toBe(2.5)
  expect(numberFrom('-1')).toBe(-1)
  expect(numberFrom('')).toBeUndefined()
  expect(numberFrom('20 s')).toBe('20 s')
  expect(numberText(0)).toBe('')
  expect(numberText(20)).toBe('20')
  expect(numberText('20 s')).toBe('20 s')
})

test('ids are made of names', () => {
  expect(idFrom('Dora Dahl')).toBe('dora-dahl')
  expect(idFrom('Łódź: Sprzedaż & Größe')).toBe('lodz-sprzedaz-grosse')
  expect(idFrom('Продажі')).toBe('')
  expect(idFrom('x'.repeat(80))).toHaveLength(64)
})
