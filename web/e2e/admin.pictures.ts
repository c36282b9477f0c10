import { picture } from './picture'
import { expect, numbers, test } from './stage'

// Pictures of the set-up for docs/screenshots, to be looked at.

test('the set-up in pictures', async ({ phones, desk }) => {
  test.setTimeout(180_000)
  await phones.reset()
  const adam = await desk('adam', '/admin')
  const csrf = ((await (await adam.context().request.get('/api/v1/me')).json()) as { csrf: string }).csrf
  const make = (kind: string, data: object) => adam.context().request.post(`/api/v1/${kind}`, { data, headers: { 'X-CSRF-Token': csrf, 'Idempotency-Key': crypto.randomUUID() } })
  await make('phones', { id: 'reception', tenant: 'acme', user: '2009', name: 'Reception' })
  await make('trunks', { id: 'network', name: 'The network', host: '127.0.0.5', port: 9 })
  const week = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday'].flatMap((day) => [
    { day, from: '09:00', to: '12:30' },
    { day, from: '13:30', to: day === 'friday' ? '16:00' : '18:00' },
  ])
  const days = [
    { date: '12-25', name: 'Christmas' },
    { date: '12-24', name: 'Christmas Eve', open: [{ from: '09:00', to: '12:00' }] },
    { date: '2027-03-29', name: 'Easter Monday' },
  ]
  await make('hours', { id: 'office', tenant: 'acme', name: 'Office', zone: 'Europe/Berlin', week: [...week, { day: 'saturday', from: '10:00', to: '14:00' }], days })
  // Leads, of whom one becomes a contact.
  for (const [from, name] of [
    ['+498999998345', 'Oleh Bondar'],
    ['+494023125611', 'HAMBURG'],
    ['+4917139200561', 'Jonas Weber'],
  ] as const) {
    const { who } = await phones.dial(numbers.sales, { from, name })
    await phones.hears(who, 'music')
    await phones.hangUp(who)
  }
  await expect.poll(async () => ((await (await adam.request.get('/api/v1/leads')).json()) as { items: object[] }).items.length).toBeGreaterThanOrEqual(3)
  for (const [name, company, ...their] of [
    ['Marta Kowalska', '', '+4922147471512'],
    ['Radwerk Kreuzberg', 'Radwerk GmbH', '+493023125630', '+493023125877', '+4917139200174'],
    ['Sanna Virtanen', 'Virtanen Oy', '+4969900095127'],
    ['Oleh Bondar', '', '+498999998345'],
    ['Erika Lindqvist', 'Lindqvist & Söhne', '+493023125014'],
  ] as const)
    await make('contacts', { tenant: 'acme', name, company, numbers: their, owner: their.length > 1 ? 'agent-0' : '' })
  await make('lead-exclusions', { tenant: 'acme', number: '+4922147471830', reason: 'Wholesaler: calls about deliveries' })
  await make('lead-exclusions', { tenant: 'acme', number: '+494066969508', reason: 'Our branch in Hamburg' })
  await make('lead-exclusions', { tenant: 'acme', number: '+4915228817386' })
  for (const [path, seen, name] of [
    ['', 'Worth a look', 'overview'],
    ['queues', 'Sales', 'queues'],
    ['queues/sales', 'Distribution', 'queue'],
    ['entry-points/sales-line', 'Label for agents', 'entry-point'],
    ['hours/office', 'Holidays and special days', 'hours'],
    ['agents', 'Ben Brandt', 'agents'],
    ['users/ben', 'Ready', 'user'],
    ['phones/reception', 'Password of the phone', 'phone'],
    ['contacts', 'Marta Kowalska', 'contacts'],
    ['leads', 'Jonas Weber', 'leads'],
    ['exclusions', 'Wholesaler', 'exclusions'],
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
