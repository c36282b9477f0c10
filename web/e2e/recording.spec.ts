import type { Page } from '@playwright/test'
import { choose, expect, fits, isAccessible, isInState, numbers, test } from './stage'

// A recording that is deleted in the call (C17): the queue has to allow it, the agent is asked, and who oversees the calls finds that it was done.

/** Lets the agents of Sales delete recordings, or not. */
async function allows(adam: Page, yes: boolean) {
  await adam.goto('/admin/queues/sales')
  const flag = adam.getByRole('checkbox', { name: 'Agents may delete the recording during the call' })
  await expect(flag).toBeChecked({ checked: !yes })
  await flag.setChecked(yes, { force: true })
  await adam.getByRole('button', { name: 'Save', exact: true }).click()
  await expect(adam.getByRole('button', { name: 'Save', exact: true })).toHaveCount(0)
}

test('an agent deletes the recording of a call, where the queue allows it', { tag: '@each' }, async ({ phones, desk }) => {
  const anna = await desk('anna')
  const adam = await desk('adam', '/admin/queues/sales')
  await choose(anna, 'Available')
  const before = await phones.dial(numbers.sales)
  await phones.answer('anna')
  await expect(anna.getByText('Recording', { exact: true })).toBeVisible()
  await expect(anna.getByRole('button', { name: 'Pause recording' })).toBeVisible()
  await expect(anna.getByRole('button', { name: 'Delete recording' })).toHaveCount(0)
  // Where there is little room, each button keeps its words on one line.
  await anna.setViewportSize({ width: 390, height: 844 })
  const buttons = anna.getByRole('toolbar', { name: 'Controls of the conversation' }).getByRole('button')
  const broken = await buttons.evaluateAll((all) =>
    all.filter((b) => {
      const words = document.createRange()
      words.selectNodeContents(b.lastChild ?? b)
      return words.getClientRects().length !== 1
    }).map((b) => b.textContent))
  expect(broken).toEqual([])
  await fits(anna, 'a recorded call on a telephone')
  await anna.setViewportSize({ width: 1440, height: 900 })
  await phones.hangUp(before.who)
  await anna.getByRole('option', { name: 'Order' }).click()
  await anna.getByRole('button', { name: 'Done' }).click()
  await isInState(anna, 'Available')
  await allows(adam, true)

  const caller = await phones.dial(numbers.sales)
  await phones.answer('anna')
  await phones.hears(caller.who, 'anna')
  const remove = anna.getByRole('button', { name: 'Delete recording' })
  const dialog = anna.getByRole('alertdialog', { name: 'Delete the recording?' })
  // By the keyboard, and not by mistake: the focus is on the button that changes nothing.
  await remove.focus()
  await anna.keyboard.press('Enter')
  await expect(dialog.getByRole('button', { name: 'Keep it' })).toBeFocused()
  await isAccessible(anna, 'the question before a recording is deleted')
  await anna.keyboard.press('Enter')
  await expect(dialog).toHaveCount(0)
  await expect(remove).toBeFocused()
  await expect(anna.getByText('Recording', { exact: true })).toBeVisible()
  await anna.keyboard.press('Enter')
  await expect(dialog.getByRole('button', { name: 'Keep it' })).toBeFocused()
  await anna.keyboard.press('Tab')
  await anna.keyboard.press('Enter')
  await expect(dialog).toHaveCount(0)
  await expect(anna.getByText('Recording deleted')).toBeVisible()
  await expect(anna.getByRole('button', { name: 'Pause recording' })).toHaveCount(0)
  await expect(remove).toHaveCount(0)
  await isAccessible(anna, 'a conversation whose recording is deleted')
  await phones.hears(caller.who, 'anna')
  await phones.hears('anna', caller.who)
  await anna.reload()
  await expect(anna.getByText('Recording deleted')).toBeVisible()
  await anna.getByRole('button', { name: 'End', exact: true }).click()
  await phones.gone(caller.who)
  await anna.getByRole('option', { name: 'Order' }).click()
  await anna.getByRole('button', { name: 'Done' }).click()
  await isInState(anna, 'Available')

  // Who may listen finds no audio, but who deleted it.
  const vera = await desk('vera', '/calls')
  await vera.getByRole('table').getByRole('button', { name: caller.number }).click()
  await expect(vera.getByText('A recording was deleted by the agent during the call.')).toBeVisible()
  await expect(vera.getByRole('listitem').filter({ hasText: 'Recording deleted' })).toContainText('Anna Albers')
  await adam.goto('/admin/audit')
  await expect(adam.getByRole('table').getByRole('button', { name: 'Deleted a recording' }).first()).toBeVisible()
  await allows(adam, false)
})
