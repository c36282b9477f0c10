import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { test as base, expect, type Browser, type Page } from '@playwright/test'

/**
 * What scenes are played with. `phones` are the real ones around the real switch; whoever signs in has a browser of their own. Anything that the browser complains about
 * (an error in a script, something that the policy forbids) fails the scene.
 */

/** What whoever starts the scenes says about them. */
export function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: scenes are started by \`go test ./cmd/tandem -run Browser\`, the benchmark by \`go test ./api -bench Pixel\``)
  return value
}

export type Person = 'anna' | 'ben' | 'cleo' | 'vera' | 'adam'

/** Who has a phone from the beginning, but is an agent only when the administrator has set that up. */
export const newcomer = { id: 'dora-dahl', name: 'Dora Dahl' } as const

/** Who has no phone at the beginning: the administrator sets one up as well. */
export const joiner = { id: 'ella-ek', name: 'Ella Ek' } as const

/** Whoever has a phone. */
export type Phone = Person | typeof newcomer.id | typeof joiner.id

/** The numbers that lead to queues: an ordinary one, one whose phones ring for four seconds only, and one that nobody calls. */
export const numbers = { sales: '+4930100', brief: '+4930101', spare: '+4930105' }

/** The phones, by who has them. Every deed waits for what it needs. */
export class Phones {
  private async deed<T>(path: string, order: object): Promise<T> {
    const answer = await fetch(`${setting('TANDEM_PHONES')}${path}`, { method: 'POST', body: JSON.stringify(order) })
    if (!answer.ok) throw new Error(await answer.text())
    return (await answer.json()) as T
  }

  /** A customer calls a number, from the next number of a row or as somebody. */
  dial(to: string, as: { from?: string; name?: string } = {}): Promise<{ who: string; number: string }> {
    return this.deed('/dial', { to, ...as })
  }
  /** Waits until a phone rings; it goes on ringing. */
  rings(who: Phone): Promise<unknown> {
    return this.deed('/rings', { who })
  }
  answer(who: Phone): Promise<unknown> {
    return this.deed('/answer', { who })
  }
  /** Turns the call down by the phone's own button. */
  decline(who: Person): Promise<unknown> {
    return this.deed('/decline', { who })
  }
  hangUp(who: string): Promise<unknown> {
    return this.deed('/hangUp', { who })
  }
  /** Waits until somebody hears exactly these; `music` is hold music. */
  hears(who: string, ...hears: string[]): Promise<unknown> {
    return this.deed('/hears', { who, hears })
  }
  /** Waits until somebody's call is over. */
  gone(who: string): Promise<unknown> {
    return this.deed('/gone', { who })
  }
  /** Another program writes variables of the call that an agent is in. */
  write(who: Person, values: { name: string; value: string; version: number }[]): Promise<unknown> {
    return this.deed('/write', { who, values })
  }
  /** Passes over calls that have come in at a phone and were not answered. */
  forget(who: Person): Promise<unknown> {
    return this.deed('/forget', { who })
  }
  /** Ends the server without a word. */
  kill(): Promise<unknown> {
    return this.deed('/kill', {})
  }
  /** Begins it again, and waits until it is ready. */
  start(): Promise<unknown> {
    return this.deed('/start', {})
  }
  /** As whom somebody's phone is registered. */
  async of(who: Phone): Promise<string> {
    return (await this.deed<{ user: string }>('/phone', { who })).user
  }
  /** Plugs a phone of the set-up in, which registers with its password; it is an agent's from now on. */
  plugIn(who: typeof joiner.id, user: string, password: string): Promise<unknown> {
    return this.deed('/plugIn', { who, agent: who, user, password })
  }
  /** Begins a carrier to whom a trunk can lead, and tells where. */
  carrier(): Promise<{ host: string; port: string }> {
    return this.deed('/carrier', {})
  }
  reset(): Promise<unknown> {
    return this.deed('/reset', {})
  }
}

export interface Stage {
  phones: Phones
  /** A browser of their own for somebody, in which they have signed in, at a view. */
  desk: (who: Person, path?: string, options?: Parameters<Browser['newContext']>[0]) => Promise<Page>
}

export const test = base.extend<Stage>({
  // The runner wants a pattern, even where nothing is taken of it.
  // eslint-disable-next-line no-empty-pattern
  phones: async ({}, use) => {
    const phones = new Phones()
    await phones.reset()
    await use(phones)
  },
  desk: async ({ browser }, use) => {
    const complaints: string[] = []
    const open: { close: () => Promise<void> }[] = []
    await use(async (who, path = '/', options = {}) => {
      const context = await browser.newContext({ baseURL: setting('TANDEM_URL'), locale: 'en-GB', timezoneId: process.env.TANDEM_ZONE ?? 'UTC', viewport: { width: 1440, height: 900 }, ...options })
      open.push(context)
      const session = await context.request.post('/api/v1/session', { data: { name: who, password: setting('TANDEM_PASSWORD') } })
      expect(session.ok(), `${who} signs in`).toBe(true)
      const page = await context.newPage()
      listen(page, complaints)
      await page.goto(path)
      return page
    })
    for (const context of open) await context.close()
    expect(complaints, 'what the browser complains about').toEqual([])
  },
  page: async ({ page }, use) => {
    const complaints: string[] = []
    listen(page, complaints)
    await use(page)
    expect(complaints, 'what the browser complains about').toEqual([])
  },
})

/** Notes what a page complains about. Answers that say no are not among it: scenes provoke them. */
function listen(page: Page, complaints: string[]) {
  page.on('pageerror', (e) => complaints.push(`${e.name}: ${e.message}`))
  page.on('console', (m) => {
    const about = m.text()
    if (m.type() === 'error' && !/Failed to load resource|net::ERR_INTERNET_DISCONNECTED|net::ERR_CONNECTION_REFUSED|net::ERR_INCOMPLETE_CHUNKED_ENCODING/.test(about)) complaints.push(about)
  })
}

export { expect }

/** Sees a state in the agent's own switch. */
export async function isInState(page: Page, state: string) {
  await expect(page.getByTestId('state-switch')).toContainText(state)
}

/** Chooses a state by the switch. */
export async function choose(page: Page, state: string) {
  await page.getByTestId('state-switch').click()
  await page.getByRole('menuitem', { name: state, exact: true }).click()
}

interface Finding {
  id: string
  impact: string
  help: string
  nodes: { target: string[]; failureSummary: string }[]
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Holds a page, as it is now, to having no serious or critical accessibility problem. */
export async function isAccessible(page: Page, what: string) {
  // Colours that are on their way from one to another have no contrast to speak of: none sets out from here on, and those that have are waited for.
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await page.evaluate(() =>
    Promise.all(
      document
        .getAnimations()
        .filter((a) => a.effect?.getComputedTiming().iterations !== Infinity)
        .map((a) => a.finished.catch(() => undefined)),
    ))
  // Put in as the developer's tools would: the page's policy does not let scripts in.
  await page.evaluate(axe)
  const findings = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run: (on: object, options: object) => Promise<{ violations: unknown }> } }
    // What the component library says aloud stays in its announcer for some seconds, when what it names may be gone.
    return (await axe.run({ exclude: [['[data-live-announcer]']] }, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations
  })
  const serious = (findings as Finding[]).filter((f) => f.impact === 'serious' || f.impact === 'critical')
  expect(
    serious.map((f) => `${f.id} (${f.impact}): ${f.help}: ${f.nodes.map((n) => `${n.target.join(' ')} ${n.failureSummary}`).join('; ')}`),
    `accessibility of ${what}`,
  ).toEqual([])
}

/** Holds a page, as it is now, to fitting its window: it does not move sideways, and nothing that can be pressed or filled in is cut off by an edge. */
export async function fits(page: Page, what: string) {
  const outside = await page.evaluate(() => {
    const width = document.documentElement.clientWidth
    const moves = (e: Element | null): boolean => e !== null && (/auto|scroll/.test(getComputedStyle(e).overflowX) || moves(e.parentElement))
    const found = [...document.querySelectorAll('a, button, input, select, textarea')].filter((e) => {
      const box = e.getBoundingClientRect()
      return box.width > 1 && box.height > 1 && (box.left < -1 || box.right > width + 1) && !moves(e.parentElement)
    })
    const names = found.map((e) => `${e.nodeName.toLowerCase()} "${e.getAttribute('aria-label') ?? e.textContent}"`)
    return document.documentElement.scrollWidth > width ? [`the page is ${document.documentElement.scrollWidth} wide`, ...names] : names
  })
  expect(outside, `what does not fit in ${what}`).toEqual([])
}
