import { expect, test } from 'vitest'
import { mostTiles, onTheWall, tiling } from './tiles'

test.each([
  [1, { columns: 1, rows: 1 }],
  [2, { columns: 2, rows: 1 }],
  [3, { columns: 2, rows: 2 }],
  [4, { columns: 2, rows: 2 }],
  [6, { columns: 3, rows: 2 }],
  [9, { columns: 3, rows: 3 }],
  [12, { columns: 4, rows: 3 }],
])('%i queues on a wide screen', (count, wanted) => {
  expect(tiling(count, 1920, 1000)).toEqual(wanted)
})

test('on an upright screen tiles stand one below the other', () => {
  expect(tiling(3, 390, 844)).toEqual({ columns: 1, rows: 3 })
})

test('there is always room for all', () => {
  for (let count = 1; count <= mostTiles; count++) {
    const { columns, rows } = tiling(count, 1280, 720)
    expect(columns * rows).toBeGreaterThanOrEqual(count)
  }
  expect(tiling(0, 1280, 720)).toEqual({ columns: 1, rows: 1 })
})

test('a wall shows what was chosen, or the first ones', () => {
  const queues = Array.from({ length: 14 }, (_, i) => ({ id: `q${i}` }))
  expect(onTheWall(queues, [])).toHaveLength(mostTiles)
  expect(onTheWall(queues, ['q13', 'q2']).map((q) => q.id)).toEqual(['q2', 'q13'])
})
