/** How something stands: as it should, worth a look, or in need of somebody. */
export type Level = 'calm' | 'warn' | 'bad'

/** Of callers waiting: somebody has waited for more than half of the time in which the queue means to answer, or for all of it. Both in seconds. */
export function waitLevel(waited: number | undefined, inTime: number): Level {
  if (waited === undefined) return 'calm'
  if (waited >= inTime) return 'bad'
  return waited * 2 >= inTime ? 'warn' : 'calm'
}

/** A service level below its target is worth a look; a quarter below, somebody should do something. Both 0 to 1; without callers there is none, and all is well. */
export function serviceLevel(reached: number | undefined, target: number): Level {
  if (reached === undefined || reached >= target) return 'calm'
  return reached < target * 0.75 ? 'bad' : 'warn'
}

/** Callers wait and nobody could be offered one. */
export function staffLevel(waiting: number, free: number, signedIn: number | undefined): Level {
  if (waiting === 0 || free > 0) return 'calm'
  return signedIn === 0 ? 'bad' : 'warn'
}

const order: Record<Level, number> = { calm: 0, warn: 1, bad: 2 }

export function worst(...levels: Level[]): Level {
  return levels.reduce((a, b) => (order[b] > order[a] ? b : a), 'calm')
}
