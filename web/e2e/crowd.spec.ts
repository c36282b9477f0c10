import { crowd } from './crowd'
import { expect, test } from './stage'

// 200 agents, 100 calls and 50 changes a second on the boards. Held is what does not depend on the machine: that a change touches its own rows only. Times are told.

for (const [path, table] of [
  ['/supervisor', 'Calls'],
  ['/supervisor/agents', 'Agents'],
] as const) {
  test(`a crowd on ${path}`, async ({ phones, desk }) => {
    await phones.reset()
    const vera = await desk('vera', '/account')
    await vera.addInitScript(crowd, { agents: 200, calls: 100, every: 20 })
    await vera.goto(path)
    await expect(vera.getByRole('table', { name: table })).toBeVisible()
    const seen = await vera.evaluate(async (name) => {
      const rows = document.querySelector(`table[aria-label="${name}"] tbody`)
      if (!rows) throw new Error('there is no table')
      let made = 0
      const observer = new MutationObserver((changes) => {
        for (const c of changes) for (const n of c.addedNodes) if (n.nodeName === 'TR') made++
      })
      observer.observe(rows, { childList: true })
      let long = 0
      const tasks = new PerformanceObserver((list) => {
        for (const e of list.getEntries()) long += e.duration
      })
      tasks.observe({ type: 'longtask' })
      const frames: number[] = []
      const begin = performance.now()
      for (let last = begin; performance.now() - begin < 3000; ) {
        const now = await new Promise<number>((next) => requestAnimationFrame(next))
        frames.push(now - last)
        last = now
      }
      observer.disconnect()
      tasks.disconnect()
      frames.sort((a, b) => a - b)
      return { rows: rows.querySelectorAll('tr[data-row]').length, all: Number(rows.closest('table')?.getAttribute('aria-rowcount')) - 1, made, frames: frames.length, p95: frames[Math.floor(frames.length * 0.95)] ?? 0, longest: frames.at(-1) ?? 0, long }
    }, table)
    console.log(
      `${path}: ${seen.rows} of ${seen.all} rows drawn, 50 changes/s for 3 s: ${seen.frames} frames, p95 ${seen.p95.toFixed(0)} ms, longest ${seen.longest.toFixed(0)} ms; ${seen.long.toFixed(0)} ms in tasks above 50 ms; ${seen.made} rows made`,
    )
    expect(seen.all).toBe(path === '/supervisor' ? 100 : 200)
    expect(seen.rows, 'rows that nobody can see are not drawn').toBeLessThan(50)
    // Rows come and go with their order, some at each change; never is the table made anew, which would be 150 changes × all rows.
    expect(seen.made).toBeLessThan(seen.rows * 50)

    // The last row is reached by scrolling, and says which one it is; whoever has the focus keeps it meanwhile.
    const rows = vera.getByRole('table', { name: table }).locator('tr[data-row]')
    const held = rows.first().getByRole('button').last()
    await held.focus()
    const focused = () => vera.evaluate(() => document.activeElement?.closest('tr')?.dataset.row)
    const name = await focused()
    expect(name).toBeDefined()
    await vera.evaluate(() => scrollTo(0, document.body.scrollHeight))
    await expect(rows.last()).toHaveAttribute('aria-rowindex', String(seen.all + 1))
    await expect(rows.last()).toBeInViewport()
    expect(await focused()).toBe(name)
  })
}
