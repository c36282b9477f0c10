import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { isInState, numbers, type Phones } from './stage'

const folder = join(import.meta.dirname, '../../docs/screenshots')

/** Takes four pictures of a view as it is now: light and dark, on a desk's screen and on a phone's. */
export async function picture(page: Page, name: string) {
  for (const theme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' })
    for (const width of [1440, 390]) {
      await page.setViewportSize({ width, height: width === 1440 ? 900 : 844 })
      // What moves has to come to rest, and a layout for another width is drawn with the next frames.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
      await page.waitForTimeout(300)
      await page.screenshot({ path: join(folder, `${name}-${theme}-${width}.png`) })
    }
  }
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: null })
  await page.setViewportSize({ width: 1440, height: 900 })
}

/** Has Anna, who is available, answer some calls, so that her day has a past. */
export async function serve(phones: Phones, anna: Page, calls: number) {
  for (let past = 0; past < calls; past++) {
    const caller = await phones.dial(numbers.brief)
    await phones.answer('anna')
    await phones.hears(caller.who, 'anna')
    await phones.hangUp(caller.who)
    await isInState(anna, 'Available')
  }
}
