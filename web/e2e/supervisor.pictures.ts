import { picture, serve } from './picture'
import { choose, expect, numbers, test } from './stage'

// Pictures of the supervisor's boards for docs/screenshots, to be looked at.

test('the boards in pictures', async ({ phones, desk }) => {
  test.setTimeout(180_000)
  const anna = await desk('anna')
  const ben = await desk('ben')
  await choose(ben, 'Available')
  await choose(anna, 'Available')
  // A few calls, so that the day has a past; one gives up.
  await serve(phones, anna, 2)
  const talking = await phones.dial(numbers.sales)
  await phones.answer('anna')
  await phones.hears(talking.who, 'anna')
  const first = await phones.dial(numbers.sales)
  await phones.dial(numbers.brief)

  const vera = await desk('vera')
  await expect(vera.getByRole('table', { name: 'Calls' }).getByRole('row')).toHaveCount(4)
  await picture(vera, 'live')
  await vera.getByRole('button', { name: `Why is nobody ringing for ${first.number}?` }).click()
  await expect(vera.getByRole('list', { name: 'Why is nobody ringing?' })).toBeVisible()
  await picture(vera, 'live-why')
  await vera.goto('/supervisor/agents')
  await expect(vera.getByRole('table', { name: 'Agents' })).toBeVisible()
  await picture(vera, 'agents')
  await vera.goto('/wallboard')
  await expect(vera.getByRole('region', { name: 'Sales' })).toBeVisible()
  await picture(vera, 'wallboard')
  await vera.goto('/supervisor/day')
  await expect(vera.getByRole('img').first()).toBeVisible({ timeout: 45_000 })
  await picture(vera, 'day')
})
