import { writeFileSync } from 'node:fs'
import { expect, test } from '@playwright/test'
import { setting } from './stage'
import { watchCalls } from './watch'

// How late what a supervisor sees is. Started by BenchmarkPixel of the API, which has 200 agents serve 50 calls a second, and judges what comes out: no test.

test('a supervisor watches the calls', async ({ context, page }) => {
  test.setTimeout(120_000)
  await context.addCookies([{ name: setting('TANDEM_SESSION_NAME'), value: setting('TANDEM_SESSION'), url: setting('TANDEM_URL') }])
  await page.goto('/supervisor')
  const calls = page.getByRole('table', { name: 'Calls' })
  await expect(calls.locator('tr[data-call]').first()).toBeVisible()
  // The whole height of the window for the calls, as of a supervisor who is interested in them.
  await calls.evaluate((table) => table.scrollIntoView({ block: 'start' }))
  const seen = await page.evaluate(watchCalls, { settle: 3000, watch: Number(setting('TANDEM_PIXEL_SECONDS')) * 1000, linger: 2000 })
  writeFileSync(setting('TANDEM_PIXEL_OUT'), JSON.stringify(seen))
})
