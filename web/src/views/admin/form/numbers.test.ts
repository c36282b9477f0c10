import { expect, test } from 'vitest'
import { numbersFrom, takings } from './numbers'

test('numbers as people paste them', () => {
  expect(numbersFrom('+49 30 123-400, (030) 1234; 110\n*97')).toEqual(['+4930123400', '0301234', '110', '*97'])
})

test('a range is written out, its noughts kept', () => {
  expect(numbersFrom('+4930098..+4930101')).toEqual(['+4930098', '+4930099', '+4930100', '+4930101'])
  expect(numbersFrom('098..101')).toEqual(['098', '099', '100', '101'])
})

test('what is no range stays, for the server to judge', () => {
  for (const text of ['101..098', '98..101', '+1..2', '1000..3000']) expect(numbersFrom(text)).toEqual([text])
})

test('who loses which numbers (N2)', () => {
  const all = [
    { id: 'main', name: 'Main', numbers: ['+4930100', '4930101'] },
    { id: 'fax', name: 'Fax', numbers: ['+4930102'] },
  ]
  expect(takings('new', ['4930100', '+4930102', '+4930103'], all)).toEqual([
    { from: all[0], numbers: ['+4930100'], all: false },
    { from: all[1], numbers: ['+4930102'], all: true },
  ])
  expect(takings('main', ['+4930100'], all)).toEqual([])
})
