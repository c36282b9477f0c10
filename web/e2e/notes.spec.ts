import type { Page } from '@playwright/test'
import { choose, expect, isAccessible, isInState, numbers, test } from './stage'

// What an agent has written when the time of the wrap-up runs out (C19, C20).

/** Gives the queue that rings briefly a wrap-up of so many seconds, with these reasons; [] = none. */
async function wrapUp(adam: Page, time: number, reasons: string[]) {
  const { request } = adam.context()
  const { csrf } = (await (await request.get('/api/v1/me')).json()) as { csrf: string }
  const queue = (await (await request.get('/api/v1/queues/brief')).json()) as Record<string, unknown>
  const told = ['id', 'version', 'live'] // which are for reading only
  const set = Object.fromEntries(Object.entries(queue).filter(([name]) => !told.includes(name)))
  const answer = await request.put('/api/v1/queues/brief', { data: { ...set, wrap_up: { time, reasons } }, headers: { 'X-CSRF-Token': csrf } })
  expect(answer.ok(), await answer.text()).toBe(true)
}

test('notes go along when the time runs out, and stay at the desk where a reason is missing', async ({ phones, desk }) => {
  const anna = await desk('anna')
  await anna.clock.install()
  await anna.reload()
  const adam = await desk('adam', '/admin')
  await choose(anna, 'Available')
  for (const { time, reasons, text } of [
    { time: 60, reasons: [], text: 'Wants two hundred, by Friday.' },
    { time: 6, reasons: ['Order', 'Question'], text: 'Asks for the red ones.' },
  ]) {
    await wrapUp(adam, time, reasons)
    const caller = await phones.dial(numbers.brief)
    await phones.answer('anna')
    await anna.getByRole('textbox', { name: 'Notes' }).fill(text)
    await phones.hangUp(caller.who)
    await expect(anna.getByRole('heading', { name: 'Wrap-up' })).toBeVisible()
    // What the desk submits it submits a moment before the end. By its clock that is now: a machine that stands still for the moment would be too late.
    if (reasons.length === 0) await anna.clock.fastForward((time - 1) * 1000)
    await isInState(anna, 'Available')
  }
  const left = anna.getByRole('region', { name: 'Notes that no wrap-up has taken' })
  await expect(left).toContainText('Asks for the red ones.')
  await expect(left).toHaveCount(1)
  await isAccessible(anna, 'the desk with notes that are left')
  await anna.reload()
  await left.getByRole('button', { name: 'Discard' }).click()
  await expect(left).toHaveCount(0)
  await wrapUp(adam, 0, [])

  await anna.goto('/calls')
  await expect(async () => {
    await anna.reload()
    await anna.getByRole('table').getByRole('button').nth(1).click({ timeout: 5000 })
    await expect(anna.getByText('Wants two hundred, by Friday.')).toBeVisible({ timeout: 5000 })
  }).toPass()
})
