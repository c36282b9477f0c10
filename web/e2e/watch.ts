/** What a page has shown of the calls of the supervisor's board. Times are milliseconds since 1970. */
export interface Watched {
  /** The first and the last moment at which a call may have begun that counts. */
  from: number
  to: number
  /** By how much the clock that the times are of has moved away from the computer's, at the end. */
  skew: number
  /** How many rows were drawn, of how many calls, at the end. */
  rows: number
  all: number
  /** What is written where a row names its customer, when the row came into the page, and when it was painted. */
  calls: { customer: string; made: number; painted: number }[]
}

/**
 * Watches calls appear on the supervisor's board. It runs in the page, so it can use nothing from outside itself.
 *
 * A row counts once it lies wholly within the window: what is above or below is drawn, but nobody sees it. The frame that shows it is over at the latest when the one after it begins, which is the
 * second call of requestAnimationFrame; so the time told is a frame or two too late, never too early.
 */
export async function watchCalls({ settle, watch, linger }: { settle: number; watch: number; linger: number }): Promise<Watched> {
  const now = () => performance.timeOrigin + performance.now()
  const sleep = (milliseconds: number) => new Promise((done) => setTimeout(done, milliseconds))
  const calls: Watched['calls'] = []
  const done = new Set<string>()
  /** Rows in the page that were in no frame yet, by call, and since when they are there. */
  const fresh = new Map<string, number>()
  let asked = false

  const look = () => {
    const at = now()
    for (const row of document.querySelectorAll<HTMLElement>('tr[data-call]')) {
      const id = row.dataset.call ?? ''
      if (!done.has(id) && !fresh.has(id)) fresh.set(id, at)
    }
    if (fresh.size > 0 && !asked) {
      asked = true
      requestAnimationFrame(draw)
    }
  }
  /** Just before a frame: which of the fresh rows are going to be in it. */
  const draw = () => {
    asked = false
    const drawn: { customer: string; made: number }[] = []
    for (const [id, made] of fresh) {
      const row = document.querySelector(`tr[data-call="${CSS.escape(id)}"]`)
      if (!row) {
        fresh.delete(id) // it has gone, and was never seen; should it come again, that counts
        continue
      }
      const box = row.getBoundingClientRect()
      if (box.top < 0 || box.bottom > innerHeight) continue
      fresh.delete(id)
      done.add(id)
      drawn.push({ customer: row.querySelector('td')?.querySelector('button')?.textContent ?? '', made })
    }
    requestAnimationFrame(() => {
      const painted = now()
      for (const d of drawn) calls.push({ ...d, painted })
    })
  }

  await sleep(settle)
  for (const row of document.querySelectorAll<HTMLElement>('tr[data-call]')) done.add(row.dataset.call ?? '')
  const observer = new MutationObserver(look)
  observer.observe(document.body, { childList: true, subtree: true })
  const from = now()
  await sleep(watch)
  const to = now()
  await sleep(linger)
  observer.disconnect()
  const table = document.querySelector('tr[data-call]')?.closest('table')
  return { from, to, skew: now() - Date.now(), rows: document.querySelectorAll('tr[data-call]').length, all: Number(table?.getAttribute('aria-rowcount')) - 1, calls }
}
