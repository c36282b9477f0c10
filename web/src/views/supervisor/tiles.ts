/** How many tiles stand side by side. */
export interface Tiling {
  columns: number
  rows: number
}

/** What a queue's tile should look like: a little wider than high. */
const wanted = 1.5

/** Tiles that fill a screen and come closest to the wanted shape, so that figures are as large as they can be. Sizes in any unit. */
export function tiling(count: number, width: number, height: number): Tiling {
  let best: Tiling = { columns: 1, rows: Math.max(1, count) }
  let bestSize = 0
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns)
    const size = Math.min(width / columns / wanted, height / rows)
    if (size > bestSize + 1e-9) {
      best = { columns, rows }
      bestSize = size
    }
  }
  return best
}

/** More queues than this cannot be read from the other side of a room. */
export const mostTiles = 12

/** The queues of a wall: those that were chosen, or else the first ones by name. */
export function onTheWall<T extends { id: string }>(queues: readonly T[], chosen: readonly string[]): T[] {
  const some = chosen.length > 0 ? queues.filter((q) => chosen.includes(q.id)) : queues
  return some.slice(0, mostTiles)
}
