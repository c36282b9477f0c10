import { readFileSync } from 'node:fs'
import type { Page } from '@playwright/test'
import { choose, expect, fits, isAccessible, isInState, joiner, newcomer, numbers, test } from './stage'

// The set-up, as administrators use it: lists and forms, files, what others do meanwhile, and that it works for the next call.

/** Fills in a field of the open item. */
function field(page: Page, name: string) {
  return page.getByRole('textbox', { name, exact: true })
}

async function save(page: Page, button: 'Create' | 'Save') {
  await page.getByRole('button', { name: button, exact: true }).click()
  await expect(page.getByRole('button', { name: button, exact: true })).toHaveCount(0)
}

/** Picks one of many by typing, and with the keyboard: the list moves while it opens. */
async function pick(page: Page, label: string, text: string) {
  const box = page.getByRole('combobox', { name: label, exact: true })
  await box.click()
  await box.fill(text)
  await expect(page.getByRole('option', { name: text }).first()).toBeVisible()
  await box.press('ArrowDown')
  await box.press('Enter')
  await expect(page.getByRole('listbox')).toHaveCount(0) // a click beside an open list closes it, and does nothing else
}

/** Gives whoever is open a password, and notes what is shown once. */
async function givePassword(page: Page, form: RegExp): Promise<string> {
  await page.getByRole('button', { name: 'Give a password' }).click()
  const password = (await page.getByTestId('password').textContent()) ?? ''
  expect(password).toMatch(form)
  await page.getByRole('button', { name: 'I have noted it' }).click()
  await expect(page.getByRole('button', { name: 'Give a new password' })).toBeVisible()
  await expect(page.getByText(password)).toHaveCount(0)
  return password
}

/** What asks for an answer above a page. */
function dialogOf(page: Page) {
  return page.getByRole('dialog')
}

/** Chooses a file in the dialog of the import. */
async function upload(page: Page, text: string) {
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('dialog').getByRole('button', { name: /hoose/ }).click()
  await (await chooser).setFiles({ name: 'teams.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
}

test('a queue, an agent with a sign-in, and a number are set up, and the next call reaches them', async ({ phones, desk, browser }) => {
  const adam = await desk('adam', '/admin/queues')
  await expect(adam.getByRole('link', { name: 'Sales', exact: true })).toBeVisible()

  await adam.getByRole('link', { name: 'Agents', exact: true }).click()
  await adam.getByRole('button', { name: 'New agent' }).click()
  await field(adam, 'Name').fill(newcomer.name)
  await expect(field(adam, 'Short name')).toHaveValue(newcomer.id)
  // What the server says is shown at its field.
  await field(adam, 'Phone').fill('not a phone')
  await adam.getByRole('button', { name: 'Create', exact: true }).click()
  await expect(adam.getByText('1 to 64 letters, digits')).toBeVisible()
  await expect(field(adam, 'Phone')).toBeFocused()
  await field(adam, 'Phone').fill(await phones.of(newcomer.id))
  await save(adam, 'Create')
  await expect(adam.getByRole('heading', { name: newcomer.name })).toBeVisible()

  // A sign-in for them, with a password that is shown once.
  await adam.getByRole('link', { name: 'Create a sign-in' }).click()
  await expect(field(adam, 'Signs in as')).toHaveValue(newcomer.id)
  await save(adam, 'Create')
  const password = await givePassword(adam, /^[a-z2-9]{4}(-[a-z2-9]{4}){3}$/)

  await adam.getByRole('link', { name: 'Queues', exact: true }).click()
  await adam.getByRole('button', { name: 'New queue' }).click()
  await field(adam, 'Name').fill('Workshop')
  await adam.getByRole('radio', { name: 'More and more' }).press('Space')
  await expect(field(adam, 'One more phone after (seconds)')).toBeVisible()
  await adam.getByRole('radio', { name: 'Longest idle' }).press('Space')
  await expect(field(adam, 'One more phone after (seconds)')).toHaveCount(0)
  await pick(adam, 'Add a member', newcomer.name)
  await expect(adam.getByRole('button', { name: `Remove ${newcomer.name}` })).toBeVisible()
  await save(adam, 'Create')

  await adam.getByRole('link', { name: 'Entry points', exact: true }).click()
  await adam.getByRole('button', { name: 'New entry point' }).click()
  await field(adam, 'Name').fill('Workshop line')
  await adam.getByRole('textbox', { name: 'Add: Numbers' }).fill('+49 30 107..+49 30 109')
  await adam.keyboard.press('Enter')
  await expect(adam.getByText('+4930108', { exact: true })).toBeVisible()
  await pick(adam, 'Queue', 'Workshop')
  await save(adam, 'Create')

  const theirs = await browser.newContext({ baseURL: process.env.TANDEM_URL ?? '', locale: 'en-GB' })
  const dora = await theirs.newPage()
  await dora.goto('/')
  await dora.getByLabel('Name').fill(newcomer.id)
  await dora.getByLabel('Password').fill(password)
  await dora.getByRole('button', { name: 'Sign in' }).click()
  await dora.getByLabel('Current password').fill(password)
  await dora.getByLabel('New password').fill('nine lanterns after rain')
  await dora.getByRole('button', { name: 'Change password' }).click()
  await choose(dora, 'Available')
  await isInState(dora, 'Available')
  const caller = await phones.dial('+4930108')
  await expect(dora.getByTestId('request')).toContainText('Workshop')
  await phones.answer(newcomer.id)
  await phones.hears(caller.who, newcomer.id)
  await phones.hangUp(caller.who)
  await theirs.close()

  // The log tells of it (S3).
  await adam.getByRole('link', { name: 'Audit log' }).click()
  const line = adam.getByRole('row').filter({ hasText: 'Entry point' }).filter({ hasText: 'workshop-line' })
  await expect(line).toContainText('admin:adam')
  await expect(line).toContainText('Created')
  await line.getByRole('button').click()
  await expect(adam.getByRole('dialog')).toContainText('+4930109')
})

test('a phone is set up and given to an agent, registers with its password, and the next call reaches it', async ({ phones, desk }) => {
  await phones.reset()
  const adam = await desk('adam', '/admin/phones')
  await adam.getByRole('button', { name: 'New phone' }).first().click()
  await field(adam, 'Name').fill('Workbench')
  await field(adam, 'User').fill('2001')
  await save(adam, 'Create')
  const open = adam.getByRole('region', { name: 'Workbench' })
  await expect(open.getByText('No password')).toBeVisible()
  const password = await givePassword(adam, /^[a-z2-9]{20}$/)
  await adam.reload()
  await expect(open.getByRole('button', { name: 'Give a new password' })).toBeVisible()
  await expect(adam.getByText(password), 'it is shown once').toHaveCount(0)

  await adam.getByRole('link', { name: 'New agent with this phone' }).click()
  await field(adam, 'Name').fill(joiner.name)
  await expect(field(adam, 'Phone')).toHaveValue('2001')
  await save(adam, 'Create')
  await adam.goto('/admin/entry-points/+new')
  await field(adam, 'Name').fill('Workbench line')
  await adam.getByRole('textbox', { name: 'Add: Numbers' }).fill('+4930110')
  await adam.keyboard.press('Enter')
  await adam.getByRole('radio', { name: 'Phones at once' }).press('Space')
  await pick(adam, 'Add: Phones of', joiner.name)
  await save(adam, 'Create')

  // Until the phone is there, the switch's card names it.
  await adam.getByRole('link', { name: 'Switches', exact: true }).click()
  const at = adam.getByRole('region', { name: 'asterisk' })
  await expect(at.getByText('0 of 1')).toBeVisible()
  await expect(at.getByRole('link', { name: 'Workbench' })).toBeVisible()
  await phones.plugIn(joiner.id, '2001', password)
  await expect(at.getByText('1 of 1')).toBeVisible()
  await expect(at.getByRole('link', { name: 'Workbench' })).toHaveCount(0)
  await adam.goto('/admin/phones/workbench')
  await expect(open.getByText('Registered', { exact: true })).toBeVisible()

  await adam.goto('/supervisor/agents')
  await adam.getByRole('button', { name: `Change the state of ${joiner.name}` }).click()
  await adam.getByRole('dialog').getByRole('button', { name: 'Set state' }).click()
  await expect(adam.getByRole('table', { name: 'Agents' }).getByRole('row', { name: joiner.name })).toContainText('Available')
  const caller = await phones.dial('+4930110')
  await phones.answer(joiner.id)
  await phones.hears(caller.who, joiner.id)
  await phones.hears(joiner.id, caller.who)
  await phones.hangUp(caller.who)
})

test('a trunk that leads nowhere is told of with what to do, and is up when that is done', async ({ phones, desk }) => {
  await phones.reset()
  const carrier = await phones.carrier()
  const adam = await desk('adam', '/admin/trunks')
  await adam.getByRole('button', { name: 'New trunk' }).first().click()
  await field(adam, 'Name').fill('Far end')
  await field(adam, 'Host').fill(carrier.host)
  await field(adam, 'Port').fill('9') // where nobody is
  await save(adam, 'Create')

  await adam.getByRole('link', { name: 'Switches', exact: true }).click()
  const at = adam.getByRole('region', { name: 'asterisk' })
  const wrong = at.getByRole('listitem').filter({ hasText: 'The trunk Far end is down at asterisk' })
  await expect(wrong).toContainText('Check host and port', { timeout: 60_000 })
  await isAccessible(adam, 'a switch with a trunk that is down')
  await adam.getByRole('link', { name: 'Overview', exact: true }).click()
  await expect(adam.getByText('The trunk Far end is down at asterisk')).toBeVisible()
  await adam.getByRole('main').getByRole('link', { name: 'Switches', exact: true }).first().click()

  await wrong.getByRole('link', { name: 'Far end' }).click()
  await field(adam, 'Port').fill(carrier.port)
  await save(adam, 'Save')
  await expect(adam.getByRole('region', { name: 'Far end' }).getByText('Up', { exact: true })).toBeVisible({ timeout: 90_000 })
  await adam.getByRole('link', { name: 'Switches', exact: true }).click()
  await expect(wrong).toHaveCount(0)
  await expect(at.getByText('1 of 1').last()).toBeVisible()
})

test('numbers in use are taken only when that is agreed to, and what is deleted has to be typed (N2, N3); whose other numbers are (R1, R2)', async ({ phones, desk }) => {
  await phones.reset()
  const adam = await desk('adam', '/admin/entry-points/+new')
  await field(adam, 'Name').fill('Robber')
  await adam.getByRole('textbox', { name: 'Add: Numbers' }).fill(numbers.spare)
  await pick(adam, 'Queue', 'Brief')
  await adam.getByRole('button', { name: 'Create', exact: true }).click()
  await expect(adam.getByRole('dialog')).toContainText('Spare line loses +4930105, its last')
  await adam.getByRole('button', { name: 'Take the numbers' }).click()
  await expect(adam.getByRole('button', { name: 'Create', exact: true })).toHaveCount(0)
  await adam.getByRole('link', { name: 'Spare line' }).click()
  await expect(adam.getByRole('checkbox', { name: 'Switched on' })).not.toBeChecked()

  await adam.getByRole('link', { name: 'Robber' }).click()
  await adam.getByRole('button', { name: 'Delete' }).click()
  const dialog = adam.getByRole('dialog')
  await dialog.getByRole('textbox').fill('+4930999')
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await expect(dialog).toContainText('must be a number of this entry point')
  await dialog.getByRole('textbox').fill(numbers.spare)
  await dialog.getByRole('button', { name: 'Delete' }).click()
  await expect(adam.getByRole('link', { name: 'Robber' })).toHaveCount(0)

  // Known customers.
  await adam.getByRole('link', { name: 'Contacts' }).click()
  await adam.getByRole('button', { name: 'New contact' }).first().click()
  await field(adam, 'Name').fill('Erika Berg')
  await adam.getByRole('textbox', { name: 'Add: Numbers' }).fill('+49 30 23125014')
  await save(adam, 'Create')
  await field(adam, 'Company').fill('Berg GmbH')
  await save(adam, 'Save')
  // A supervisor finds her by what she remembers, and has nothing else of the set-up.
  const vera = await desk('vera')
  await vera.getByRole('link', { name: 'Customers' }).click()
  await expect(vera.getByRole('navigation', { name: 'Customers' }).getByRole('link')).toHaveCount(3)
  await vera.getByRole('searchbox').fill('nobody')
  await expect(vera.getByText('Nothing matches “nobody”')).toBeVisible()
  await vera.getByRole('searchbox').fill('231250')
  await vera.getByRole('link', { name: 'Erika Berg' }).click()
  await expect(field(vera, 'Company')).toHaveValue('Berg GmbH')
  await vera.getByRole('button', { name: 'Delete' }).click()
  await dialogOf(vera).getByRole('button', { name: 'Delete' }).click()
  await expect(vera.getByText('Nothing matches “231250”')).toBeVisible()
  await vera.getByRole('searchbox').fill('')
  await expect(vera.getByText('No contact yet')).toBeVisible()
  const caller = await phones.dial(numbers.brief, { from: '+493023125014' })
  await phones.hears(caller.who, 'music')
  await phones.hangUp(caller.who)

  // Numbers that never make a lead.
  await vera.getByRole('link', { name: 'Excluded numbers' }).click()
  await vera.getByRole('button', { name: 'Exclude a number' }).click()
  await field(vera, 'Number').fill('12')
  await vera.keyboard.press('Enter')
  await expect(dialogOf(vera)).toContainText('a telephone number with its country code')
  await isAccessible(vera, 'excluding a number')
  await field(vera, 'Number').fill('+49 30 777000')
  await field(vera, 'Reason').fill('Wholesaler')
  await vera.keyboard.press('Enter')
  await expect(vera.getByRole('row', { name: '+4930777000' })).toContainText('Wholesaler')
  await vera.getByRole('button', { name: 'Take +4930777000 off the list' }).click()
  await dialogOf(vera).getByRole('button', { name: 'Take off the list' }).click()
  await expect(vera.getByText('No number is excluded')).toBeVisible()

  // Who has called meanwhile and is not known is a lead, and becomes a contact.
  await vera.getByRole('link', { name: 'Leads' }).click()
  await expect(vera.getByRole('heading', { name: 'Leads' })).toBeVisible()
  await vera.getByRole('searchbox').fill(caller.number)
  const lead = vera.getByRole('row', { name: caller.number })
  await lead.getByRole('button').click()
  await expect(dialogOf(vera)).toContainText('Gave up')
  await vera.keyboard.press('Escape')
  await isAccessible(vera, 'leads')
  await lead.getByRole('link', { name: 'Note as contact' }).click()
  await field(vera, 'Name').fill('Nils Holm')
  await save(vera, 'Create')
  await vera.getByRole('link', { name: 'Leads' }).click()
  await expect(vera.getByRole('heading', { name: 'Leads' })).toBeVisible()
  await vera.getByRole('searchbox').fill(caller.number)
  await lead.getByRole('link', { name: 'Is a contact' }).click()
  await expect(field(vera, 'Name')).toHaveValue('Nils Holm')
})

test('outside its opening hours an entry point lets nobody in, and it does once they are changed (N4)', async ({ phones, desk }) => {
  await phones.reset()
  const adam = await desk('adam', '/admin/hours/+new')
  await field(adam, 'Name').fill('Office')
  await field(adam, 'Monday, time 1: from').fill('24:01')
  await adam.getByRole('button', { name: 'Create', exact: true }).click()
  await expect(adam.getByText('a time of day from 00:00 to 23:59')).toBeVisible()
  await field(adam, 'Monday, time 1: from').fill('9')
  await field(adam, 'Monday, time 1: to').click()
  await expect(field(adam, 'Monday, time 1: from')).toHaveValue('09:00')
  // Holidays whenever it is by now, out of a calendar.
  const ahead = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '')
  const ics = ['BEGIN:VCALENDAR', 'BEGIN:VEVENT', `DTSTART;VALUE=DATE:${ahead(0)}`, `DTEND;VALUE=DATE:${ahead(3)}`, 'SUMMARY:Stocktaking', 'END:VEVENT', 'END:VCALENDAR']
  const chooser = adam.waitForEvent('filechooser')
  await adam.getByRole('button', { name: 'Take from a calendar (.ics)' }).click()
  await (await chooser).setFiles({ name: 'holidays.ics', mimeType: 'text/calendar', buffer: Buffer.from(ics.join('\r\n')) })
  await expect(adam.getByRole('group', { name: 'Stocktaking' })).toHaveCount(3)
  await save(adam, 'Create')
  await adam.goto('/admin/hours')
  const inTheList = adam.getByRole('row').filter({ hasText: 'Office' })
  await expect(inTheList).toContainText('Closed')

  await adam.goto('/admin/entry-points/+new')
  await field(adam, 'Name').fill('Office line')
  await adam.getByRole('textbox', { name: 'Add: Numbers' }).fill('+4930120')
  await adam.keyboard.press('Enter')
  await pick(adam, 'Queue', 'Brief')
  await pick(adam, 'Opening hours', 'Office')
  await save(adam, 'Create')
  const caller = await phones.dial('+4930120')
  await phones.gone(caller.who)
  await adam.goto('/calls')
  await expect(adam.getByRole('row').filter({ hasText: caller.number })).toContainText('Refused')

  await adam.goto('/admin/entry-points')
  await expect(adam.getByRole('row').filter({ hasText: 'Office line' })).toContainText('Closed')
  // Nobody is sent there either.
  const anna = await desk('anna')
  await choose(anna, 'Available')
  const waiting = await phones.dial(numbers.brief)
  await phones.answer('anna')
  await anna.getByRole('button', { name: 'Transfer', exact: true }).click()
  const target = anna.getByRole('dialog', { name: 'Transfer' }).getByRole('option', { name: 'Office line' })
  await expect(target).toContainText('Closed')
  await expect(target).toContainText('Opens')
  await expect(target).toHaveAttribute('aria-disabled', 'true')

  await adam.goto('/admin/hours/office')
  for (let left = 3; left > 0; left--) await adam.getByRole('button', { name: 'Remove Stocktaking', exact: true }).first().click()
  for (const day of ['Saturday', 'Sunday']) await adam.getByRole('button', { name: `${day}: add a time` }).click()
  await field(adam, 'Monday, time 1: from').fill('00:00')
  await field(adam, 'Monday, time 1: to').fill('24:00')
  await adam.getByRole('button', { name: 'Monday: the same times on all open days' }).click()
  await expect(field(adam, 'Sunday, time 1: to')).toHaveValue('24:00')
  await save(adam, 'Save')
  await adam.goto('/admin/hours')
  await expect(inTheList).toContainText('Open')
  await expect(target).not.toHaveAttribute('aria-disabled', 'true')
  await anna.keyboard.press('Escape')
  await phones.hangUp(waiting.who)
  await isInState(anna, 'Available')
  const next = await phones.dial('+4930120')
  await phones.answer('anna')
  await phones.hears(next.who, 'anna')
  await phones.hangUp(next.who)
})

test('what two change at once is put together, and what is not saved is not lost', async ({ phones, desk }) => {
  await phones.reset()
  const adam = await desk('adam', '/admin/queues/brief')
  const other = await desk('adam', '/admin/queues/brief')
  await field(adam, 'Name').fill('Brief and short')
  await adam.getByRole('link', { name: 'Sales', exact: true }).click()
  await expect(adam.getByRole('dialog', { name: 'Leave without saving?' })).toBeVisible()
  await adam.getByRole('button', { name: 'Stay' }).click()
  await expect(field(adam, 'Name')).toHaveValue('Brief and short')

  await adam.context().setOffline(true)
  await field(other, 'Longest wait (seconds)').fill('600')
  await save(other, 'Save')
  await adam.context().setOffline(false)
  await expect(adam.getByText('Taken over from them: Longest wait')).toBeVisible()
  await expect(field(adam, 'Longest wait (seconds)')).toHaveValue('600')
  await expect(field(adam, 'Name')).toHaveValue('Brief and short')
  await adam.keyboard.press('Control+s')
  await expect(adam.getByRole('button', { name: 'Save', exact: true })).toHaveCount(0)
  await field(adam, 'Name').fill('Brief')
  await field(adam, 'Longest wait (seconds)').fill('')
  await save(adam, 'Save')
})

test('a file is tried before it is taken, and can be had back', async ({ phones, desk }) => {
  await phones.reset()
  const adam = await desk('adam', '/admin/teams')
  await adam.getByRole('button', { name: 'Import' }).click()
  await upload(adam, 'id,tenant,name\nsouth,acme,South\nBAD ID,acme,\n')
  await expect(adam.getByRole('dialog').getByRole('row').filter({ hasText: 'BAD ID' }).first()).toContainText('3')
  await expect(adam.getByRole('dialog').getByRole('button', { name: 'Import' })).toBeDisabled()
  await upload(adam, 'id,tenant,name\nsouth,acme,South\nwest,acme,West\n')
  await expect(adam.getByText('2 would be created')).toBeVisible()
  await adam.getByRole('dialog').getByRole('button', { name: 'Import' }).click()
  await expect(adam.getByRole('link', { name: 'West' })).toBeVisible()
  const audit = await adam.context().request.get('/api/v1/audit?limit=20&action=importTeams')
  expect(await audit.json()).toMatchObject({ items: [{ actor: 'admin:adam', action: 'importTeams' }] })
  const download = adam.waitForEvent('download')
  await adam.getByRole('link', { name: 'Export' }).click()
  expect(readFileSync(await (await download).path(), 'utf8')).toContain('south,acme,South')

  // By keyboard: search, down, open, close.
  await adam.getByRole('searchbox').fill('we')
  await expect(adam.getByRole('link', { name: 'South' })).toHaveCount(0)
  await adam.getByRole('searchbox').press('ArrowDown')
  await adam.keyboard.press('Enter')
  await expect(adam.getByRole('heading', { name: 'West' })).toBeVisible()
})

/** Every view of the set-up, with what is seen when it is there. */
const views = [
  ['', 'Worth a look'],
  ['/queues', 'Brief'],
  ['/queues/sales', 'Who gets the calls'],
  ['/queues/+new', 'Longest idle'],
  ['/entry-points', 'Spare line'],
  ['/entry-points/sales-line', 'Call data'],
  ['/entry-points/+new', 'Where calls go'],
  ['/hours', 'Opening hours'],
  ['/hours/+new', 'Holidays and special days'],
  ['/agents', 'Anna Albers'],
  ['/agents/agent-0', 'What belongs to this agent'],
  ['/phones', 'Phones'],
  ['/phones/+new', 'Registers at'],
  ['/teams', 'Teams'],
  ['/teams/north', 'Who belongs to it'],
  ['/users', 'Vera Vogel'],
  ['/contacts', 'Contacts'],
  ['/exclusions', 'Calls from these numbers'],
  ['/users/vera', 'Leads all teams'],
  ['/trunks', 'Trunks'],
  ['/trunks/+new', 'The carrier'],
  ['/tenants', 'Most calls at once'],
  ['/tenants/acme', 'Calling out'],
  ['/settings', 'The whole site'],
  ['/skills', 'A skill is there'],
  ['/reasons', 'Wrap-up reasons'],
  ['/switches', 'Connected'],
  ['/audit', 'Signed in'],
] as const

async function isShown(page: Page, path: string, seen: string) {
  await page.goto(`/admin${path}`)
  await expect(page.getByRole('main').getByText(seen).filter({ visible: true }).first()).toBeVisible()
}

for (const colorScheme of ['light', 'dark'] as const) {
  test(`the set-up has no serious accessibility problem in the ${colorScheme} theme`, async ({ phones, desk }) => {
    await phones.reset()
    const adam = await desk('adam', '/admin', { colorScheme })
    for (const [path, seen] of views) {
      await isShown(adam, path, seen)
      await isAccessible(adam, `/admin${path}`)
    }
    // What opens above them.
    await adam.getByRole('table').getByRole('button', { name: 'Signed in' }).first().click()
    await expect(adam.getByRole('dialog')).toBeVisible()
    await isAccessible(adam, 'an entry of the audit log')
    await adam.goto('/admin/teams')
    await adam.getByRole('button', { name: 'Import' }).click()
    await upload(adam, 'id,tenant,name\nBAD ID,acme,\n')
    await expect(adam.getByRole('dialog').getByRole('table')).toBeVisible()
    await isAccessible(adam, 'a file with a mistake')
    await adam.goto('/admin/entry-points/spare-line')
    await adam.getByRole('button', { name: 'Delete' }).click()
    await expect(adam.getByRole('dialog')).toBeVisible()
    await isAccessible(adam, 'deleting')
  })
}

test('every view of the set-up fits a phone', async ({ phones, desk }) => {
  await phones.reset()
  const adam = await desk('adam', '/admin', { viewport: { width: 390, height: 844 } })
  for (const [path, seen] of views) {
    await isShown(adam, path, seen)
    await fits(adam, `/admin${path}`)
  }
})

test('who has a temporary password chooses one of their own before anything else (S3)', async ({ desk, page }) => {
  const adam = await desk('adam')
  // The API of a browser wants to know that it is meant.
  const { csrf } = (await (await adam.request.get('/api/v1/me')).json()) as { csrf: string }
  const deed = (path: string, data: unknown) => adam.request.post(`/api/v1/${path}`, { headers: { 'X-CSRF-Token': csrf }, data })
  expect((await deed('users', { id: 'zoe', tenant: 'acme', name: 'zoe', display_name: 'Zoe', role: 'auditor' })).ok()).toBe(true)
  expect((await deed('users/zoe/password', { password: 'seven pelicans at noon', temporary: true })).ok()).toBe(true)

  await page.goto('/calls')
  await page.getByLabel('Name').fill('zoe')
  await page.getByLabel('Password').fill('seven pelicans at noon')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByText('Somebody else has chosen this password for you.')).toBeVisible()
  await page.goto('/calls')
  await expect(page.getByText('Somebody else has chosen this password for you.')).toBeVisible()
  await page.getByLabel('Current password').fill('seven pelicans at noon')
  await page.getByLabel('New password').fill('eleven herons before dawn')
  await page.getByRole('button', { name: 'Change password' }).click()
  await expect(page.getByRole('heading', { name: 'Live', exact: true })).toBeVisible()
  await expect(page.getByText('The connection is lost.')).toHaveCount(0)
})
