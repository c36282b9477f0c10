import { customers, picture, serve } from './picture'
import { choose, expect, isInState, numbers, test } from './stage'

// Pictures of the supervisor's boards for docs/screenshots, to be looked at.

/** Queues that only these pictures have: Ben serves the one, Cleo the other. */
const more = { returns: '+4930102', billing: '+4930103' }

/** Two serve it who have no phone. */
const complaints = '+4930104'

test('the boards in pictures', async ({ phones, desk }) => {
  test.setTimeout(240_000)
  const anna = await desk('anna')
  const ben = await desk('ben')
  const cleo = await desk('cleo')
  for (const agent of [anna, ben, cleo]) await choose(agent, 'Available')
  await serve(phones, anna, [customers.shop])
  // Anna talks, Ben has left a customer on hold, Cleo's phone rings, and there are some who wait.
  const talking = await phones.dial(numbers.sales, customers.erika)
  await phones.answer('anna')
  await phones.hears(talking.who, 'anna')
  const first = await phones.dial(numbers.sales, customers.jonas)
  await phones.dial(numbers.brief, customers.marta)
  const held = await phones.dial(more.returns, customers.sanna)
  await phones.answer('ben')
  await phones.hears(held.who, 'ben')
  await ben.getByRole('button', { name: 'Hold', exact: true }).click()
  await phones.hears(held.who, 'music')
  await phones.dial(more.billing, customers.oleh)
  await phones.rings('cleo')
  await phones.dial(numbers.sales, customers.unnamed)

  const vera = await desk('vera')
  await expect(vera.getByRole('table', { name: 'Calls' }).getByRole('row')).toHaveCount(7)
  await expect(vera.getByText('On hold').first()).toBeVisible()
  await picture(vera, 'live')
  await vera.getByRole('button', { name: `Why is nobody ringing for ${customers.jonas.name}?` }).click()
  await expect(vera.getByRole('list', { name: 'Why is nobody ringing?' })).toBeVisible()
  await picture(vera, 'live-why')
  await ben.getByRole('button', { name: 'Resume', exact: true }).click()
  await phones.hangUp(held.who)
  await isInState(ben, 'Wrap-up')
  await vera.goto('/supervisor/agents')
  await expect(vera.getByRole('table', { name: 'Agents' })).toBeVisible()
  await expect(vera.getByText('Wrap-up').first()).toBeVisible()
  await picture(vera, 'agents')
  await vera.goto('/wallboard')
  await expect(vera.getByRole('region', { name: 'Sales' })).toBeVisible()
  await picture(vera, 'wallboard')
  await vera.goto('/supervisor/day')
  await expect(vera.getByRole('img').first()).toBeVisible({ timeout: 45_000 })
  await picture(vera, 'day')
  // Nobody has plugged in the phones of those who look after complaints.
  const unlucky = await phones.dial(complaints, customers.sanna)
  await vera.goto('/supervisor/alerts')
  await expect(vera.getByRole('row', { name: /Phone unreachable/ }).filter({ hasText: 'Still so' })).toHaveCount(2)
  await picture(vera, 'alerts')
  await phones.hangUp(unlucky.who)
  await phones.hangUp(first.who)
})
