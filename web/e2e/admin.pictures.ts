import { picture } from './picture'
import { expect, test } from './stage'

// Pictures of the set-up for docs/screenshots, to be looked at.

test('the set-up in pictures', async ({ phones, desk }) => {
  test.setTimeout(180_000)
  await phones.reset()
  const adam = await desk('adam', '/admin')
  const csrf = ((await (await adam.context().request.get('/api/v1/me')).json()) as { csrf: string }).csrf
  const make = (kind: string, data: object) => adam.context().request.post(`/api/v1/${kind}`, { data, headers: { 'X-CSRF-Token': csrf, 'Idempotency-Key': crypto.randomUUID() } })
  await make('phones', { id: 'reception', tenant: 'acme', user: '2009', name: 'Reception' })
  await make('trunks', { id: 'network', name: 'The network', host: '127.0.0.5', port: 9 })
  for (const [path, seen, name] of [
    ['', 'Worth a look', 'overview'],
    ['queues', 'Sales', 'queues'],
    ['queues/sales', 'Distribution', 'queue'],
    ['entry-points/sales-line', 'Label for agents', 'entry-point'],
    ['agents', 'Ben Brandt', 'agents'],
    ['users/ben', 'Ready', 'user'],
    ['phones/reception', 'Password of the phone', 'phone'],
    ['skills', 'No skill yet', 'empty'],
    ['settings', 'Idle reasons', 'settings'],
    ['switches', 'Check host and port', 'switches'],
    ['audit', 'Gave a password', 'audit'],
  ] as const) {
    await adam.goto(`/admin/${path}`)
    await expect(adam.getByRole('main').getByText(seen).first()).toBeAttached({ timeout: 60_000 })
    await picture(adam, `admin-${name}`)
  }
})
