import { expect, test } from 'vitest'
import { dialable, isDialNumber, looksLikeNumber } from './dn'

test.each([
  ['+49 (30) 123-456', '+4930123456'],
  ['tel:+1 202 555 0143', ':+12025550143'],
  ['*21#', '*21#'],
  ['0049‑30', '004930'],
  ['Anna', ''],
])('of %s only %s can be dialled', (pasted, left) => {
  expect(dialable(pasted)).toBe(left)
})

test.each([
  ['12', false],
  ['123', true],
  ['+4930123456', true],
  ['123456789012345678', true],
  ['1234567890123456789', false],
  ['12 3', false],
  ['*#:+', false],
])('%s is a dial number: %s', (text, is) => {
  expect(isDialNumber(text)).toBe(is)
})

test('a name with digits is no number', () => {
  expect(looksLikeNumber('agent 123')).toBe(false)
  expect(looksLikeNumber('+49 30 123')).toBe(true)
})
