import { choose, expect, isAccessible, isInState, numbers, test } from './stage'

// What an agent promises at the end of a call, and does later (C19).

test('a follow-up is noted in the wrap-up, found at the desk, done and taken up again', async ({ phones, desk }) => {
  const anna = await desk('anna')
  await choose(anna, 'Available')
  const caller = await phones.dial(numbers.sales)
  await phones.answer('anna')
  await phones.hears(caller.who, 'anna')
  await anna.getByRole('button', { name: 'End', exact: true }).click()
  await expect(anna.getByRole('heading', { name: 'Wrap-up' })).toBeVisible()
  await anna.getByRole('option', { name: 'Question' }).click()
  const what = anna.getByRole('textbox', { name: 'What is to be done' })
  const due = anna.getByLabel('Due', { exact: true })
  const done = anna.getByRole('button', { name: 'Done', exact: true })
  const title = `Send the offer to ${caller.number}`
  await what.fill(title)
  await due.fill('2020-01-01')
  await expect(anna.getByText('Must not be in the past.')).toBeVisible()
  await expect(done).toBeDisabled()
  await isAccessible(anna, 'a wrap-up with a follow-up that is refused')
  // What is typed stays over a reload.
  const year = new Date().getFullYear() + 1
  await due.fill(`${year}-06-15`)
  await anna.reload()
  await expect(what).toHaveValue(title)
  await expect(due).toHaveValue(`${year}-06-15`)
  // By the keyboard: it is a form.
  await what.press('Enter')
  await expect(anna.getByText('The follow-up is noted.')).toBeVisible()
  await isInState(anna, 'Available')

  const list = anna.getByRole('region', { name: 'Follow-ups' })
  const item = list.getByRole('checkbox', { name: title })
  await expect(item).not.toBeChecked()
  await expect(list.getByRole('listitem').filter({ hasText: title })).toContainText(`15 Jun ${year}`)
  // Who it is about comes with the record.
  await expect(async () => {
    await anna.reload()
    await expect(list.getByRole('listitem').filter({ hasText: title })).toContainText(`· ${caller.number}`, { timeout: 5000 })
  }).toPass()
  await isAccessible(anna, 'the desk with a follow-up')
  await item.focus()
  await anna.keyboard.press('Space')
  await expect(item).toHaveCount(0)
  await list.getByRole('button', { name: 'Show done' }).click()
  await expect(item).toBeChecked()
  await item.focus()
  await anna.keyboard.press('Space')
  await expect(item).toHaveCount(0)
  await list.getByRole('button', { name: 'Show open' }).click()
  await expect(item).not.toBeChecked()
  // Nobody else has it.
  const ben = await desk('ben')
  await expect(ben.getByRole('region', { name: 'Follow-ups' })).toContainText('Nothing is promised.')
  await item.focus()
  await anna.keyboard.press('Space')
  await expect(item).toHaveCount(0)
})
