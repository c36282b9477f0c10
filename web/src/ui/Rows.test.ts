import { expect, test } from 'vitest'
import { extract } from './Rows'

const named = (n: number) => Array.from({ length: n }, (_, i) => `row-${i}`)
const range = (startIndex: number, endIndex: number, count: number) => ({ startIndex, endIndex, overscan: 2, count })
const self = (id: string) => id

test('of a short table all rows are drawn', () => {
  expect(extract(range(0, 3, 50), named(50), self, undefined)).toHaveLength(50)
})

test('of a long one those that can be seen, and some around them', () => {
  expect(extract(range(10, 12, 200), named(200), self, undefined)).toEqual([8, 9, 10, 11, 12, 13, 14])
})

test('and the one with the focus, wherever it is', () => {
  expect(extract(range(10, 12, 200), named(200), self, 'row-150').slice(-2)).toEqual([14, 150])
  expect(extract(range(10, 12, 200), named(200), self, 'row-11')).toHaveLength(7)
  expect(extract(range(10, 12, 200), named(200), self, 'gone')).toHaveLength(7)
})
