import type { Page } from '@playwright/test'
import { customers, picture, serve } from './picture'
import { choose, expect, isInState, numbers, test } from './stage'

// Pictures of the agent's desk for docs/screenshots, to be looked at.

test('the desk in pictures', async ({ page, phones, desk }) => {
  test.setTimeout(180_000)
  await page.goto('/')
  await expect(page.getByLabel('Name')).toBeEditable()
  await picture(page, 'sign-in')

  const anna = await desk('anna')
  const ben = await desk('ben')
  await choose(ben, 'Available')
  // A few calls, so that the day has a past.
  await choose(anna, 'Available')
  await serve(phones, anna, [customers.shop, customers.jonas, customers.unnamed], () => promise(anna))
  await anna.reload()
  await expect(anna.getByText('Call back about the frame size')).toBeVisible()
  await expect(anna.getByText('Ready for the next call')).toBeVisible()
  await picture(anna, 'desk-ready')

  const caller = await phones.dial(numbers.sales, customers.erika)
  await expect(anna.getByTestId('request')).toContainText('Sales')
  await picture(anna, 'desk-request')
  await phones.answer('anna')
  await anna.getByRole('textbox', { name: 'Order number' }).fill('A-4711')
  await anna.getByRole('textbox', { name: 'Pieces' }).fill('2')
  await anna.getByRole('button', { name: /Express/ }).click()
  await anna.getByRole('option', { name: 'Yes' }).click()
  await anna.getByLabel('Deliver by').fill(`${day(5)}T10:00`)
  await anna.getByRole('textbox', { name: 'IBAN' }).fill('DE02120300000000202051')
  await anna.getByRole('button', { name: 'Save' }).click()
  await expect(anna.getByRole('button', { name: 'Save' })).toHaveCount(0)
  await anna.getByRole('textbox', { name: 'Notes' }).fill('Wants a second bell for the rear rider. Delivery to the shop in Kreuzberg.')
  await anna.getByRole('button', { name: 'Close' }).first().click()
  await picture(anna, 'desk-call')
  await anna.getByRole('button', { name: 'Consult', exact: true }).click()
  await expect(anna.getByRole('option', { name: 'Ben Brandt' })).toBeVisible()
  await picture(anna, 'desk-directory')
  await anna.getByRole('searchbox').fill('ben')
  await anna.getByRole('button', { name: 'Consult Ben Brandt' }).click()
  await expect(ben.getByTestId('request')).toContainText('Anna Albers')
  await picture(ben, 'desk-consult-request')
  await phones.answer('ben')
  await expect(anna.getByRole('button', { name: 'Conference' })).toBeEnabled()
  await picture(anna, 'desk-consult')
  await anna.getByRole('button', { name: 'Conference' }).click()
  await expect(anna.getByRole('button', { name: 'Leave' })).toBeVisible()
  await picture(anna, 'desk-conference')
  await anna.getByRole('button', { name: 'Leave' }).click()
  await expect(anna.getByRole('heading', { name: 'Wrap-up' })).toBeVisible()
  await anna.getByRole('option', { name: 'Order' }).click()
  await anna.getByRole('textbox', { name: 'What is to be done' }).fill('Confirm the delivery date by mail')
  await picture(anna, 'desk-wrap-up')
  await anna.getByRole('button', { name: 'Done' }).click()
  await ben.getByRole('button', { name: 'End', exact: true }).click()
  await phones.gone(caller.who)

  await isInState(anna, 'Available')
  const second = await phones.dial(numbers.brief, customers.marta)
  await expect(anna.getByRole('alertdialog')).toBeVisible()
  await picture(anna, 'desk-missed')
  await phones.hangUp(second.who)
  await anna.getByRole('button', { name: 'I am available' }).click()

  await anna.evaluate(() => {
    localStorage.setItem('tandem.notes.earlier', 'Wants two hundred of the red ones by Friday.\nCheaper offer from a competitor; asks for 5 %.')
    localStorage.setItem('tandem.who.earlier', 'Jonas Weber, +494066969231')
  })
  await anna.reload()
  await expect(anna.getByText('Wants two hundred')).toBeVisible()
  await picture(anna, 'desk-left-notes')
  await anna.getByRole('button', { name: 'Discard' }).click()

  await anna.goto('/calls')
  await expect(anna.getByRole('table')).toBeVisible()
  await picture(anna, 'calls')
  await anna.getByRole('button', { name: customers.erika.name }).first().click()
  await expect(anna.getByText('Joined the conference')).toBeVisible()
  await picture(anna, 'call-story')
  await anna.goto('/account')
  await expect(anna.getByText('This browser')).toBeVisible()
  await picture(anna, 'account')
})

/** A day so many from today, 2026-01-31. */
function day(later: number): string {
  return new Date(Date.now() + later * 86_400_000).toISOString().slice(0, 10)
}

/** Follow-ups of calls that Anna has had. */
async function promise(anna: Page) {
  const { request } = anna.context()
  const me = (await (await request.get('/api/v1/me')).json()) as { csrf: string; agent: string }
  const { items } = (await (await request.get(`/api/v1/call-records?limit=50&agent=${me.agent}`)).json()) as { items: { call: string; name?: string }[] }
  const named = items.filter((r) => r.name)
  for (const [i, title] of ['Call back about the frame size', 'Send the offer for 20 city bikes', 'Ask the workshop for the spare wheel'].entries()) {
    const data = { call: named[i]?.call, title, due: day(i + 1) }
    const answer = await request.post('/api/v1/tasks', { data, headers: { 'X-CSRF-Token': me.csrf, 'Idempotency-Key': crypto.randomUUID() } })
    expect(answer.ok(), await answer.text()).toBe(true)
  }
}
