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

/** Who calls: names of nobody, numbers that are kept free for stories. */
export const customers = {
  erika: { name: 'Erika Lindqvist', from: '+493023125014' },
  jonas: { name: 'Jonas Weber', from: '+494066969231' },
  marta: { name: 'Marta Kowalska', from: '+4922147471512' },
  shop: { name: 'Radwerk Kreuzberg', from: '+493023125630' },
  oleh: { name: 'Oleh Bondar', from: '+498999998345' },
  sanna: { name: 'Sanna Virtanen', from: '+4969900095127' },
  unnamed: { from: '+4915228817386' },
} as const

/** Has Anna, who is available, answer some calls, so that her day has a past. What is to be done meanwhile is done in the first, which lasts as long as that. */
export async function serve(phones: Phones, anna: Page, calls: readonly { name?: string; from: string }[], meanwhile: () => Promise<unknown> = () => Promise.resolve()) {
  for (const [past, who] of calls.entries()) {
    const caller = await phones.dial(numbers.brief, who)
    await phones.answer('anna')
    await phones.hears(caller.who, 'anna')
    if (past === 0) await meanwhile()
    await phones.hangUp(caller.who)
    await isInState(anna, 'Available')
  }
}
