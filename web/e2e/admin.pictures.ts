import { picture } from './picture'
import { expect, test } from './stage'

// Pictures of the set-up for docs/screenshots, to be looked at.

test('the set-up in pictures', async ({ phones, desk }) => {
  test.setTimeout(180_000)
  await phones.reset()
  const adam = await desk('adam', '/admin')
  for (const [path, seen, name] of [
    ['', 'Worth a look', 'overview'],
    ['queues', 'Sales', 'queues'],
    ['queues/sales', 'Distribution', 'queue'],
    ['entry-points/sales-line', 'Label for agents', 'entry-point'],
    ['agents', 'Ben Brandt', 'agents'],
    ['users/ben', 'Ready', 'user'],
    ['skills', 'No skill yet', 'empty'],
    ['settings', 'Idle reasons', 'settings'],
    ['switches', 'Connected', 'switches'],
    ['audit', 'Gave a password', 'audit'],
  ] as const) {
    await adam.goto(`/admin/${path}`)
    await expect(adam.getByRole('main').getByText(seen).first()).toBeAttached()
    await picture(adam, `admin-${name}`)
  }
})
