import { expect, test, type Stage } from './stage'

// How much has to come before something can be done. What is held is what does not depend on the machine; times are told.

const most = 300_000 // bytes of compressed script before the first view

test('the first view takes at most 300 kB of compressed script', async ({ page }) => {
  const sizes = new Map<string, number>()
  page.on('requestfinished', (r) => {
    void r.sizes().then((s) => {
      if (r.resourceType() === 'script') sizes.set(new URL(r.url()).pathname, s.responseBodySize)
    })
  })
  await page.goto('/')
  await expect(page.getByLabel('Name')).toBeEditable()
  await page.waitForLoadState('networkidle')
  const all = [...sizes.values()].reduce((a, b) => a + b, 0)
  console.log(`compressed script before signing in: ${Math.round(all / 1000)} kB in ${sizes.size} files`)
  expect(sizes.size).toBeGreaterThan(0)
  expect(all).toBeLessThanOrEqual(most)
})

test('so does the desk, opened by a bookmark', async ({ phones, desk }) => {
  await phones.reset()
  const { bytes, interactive } = await open(desk, '/desk')
  console.log(`the agent's desk: ${Math.round(bytes / 1000)} kB of compressed script, can be used after ${Math.round(interactive)} ms with nothing kept`)
  expect(bytes).toBeLessThanOrEqual(most)
})

/** Opens a view in a browser that has kept nothing, and waits until it can be used. */
async function open(desk: Stage['desk'], path: string): Promise<{ bytes: number; interactive: number }> {
  const page = await desk('anna', path)
  await expect(page.getByRole('button', { name: 'Become available' })).toBeEnabled()
  return page.evaluate(() => {
    const scripts = performance.getEntriesByType('resource').filter((r) => r.name.endsWith('.js')) as PerformanceResourceTiming[]
    return { bytes: scripts.reduce((sum, r) => sum + r.encodedBodySize, 0), interactive: performance.now() }
  })
}
