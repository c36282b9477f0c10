import { choose, expect, isAccessible, isInState, numbers, test } from './stage'

// Every view, and everything that opens above one, without a serious accessibility problem (axe), in both themes.

for (const colorScheme of ['light', 'dark'] as const) {
  test.describe(`in the ${colorScheme} theme`, () => {
    test.use({ colorScheme })

    test('the way in', async ({ page }) => {
      await page.goto('/')
      await expect(page.getByLabel('Name')).toBeEditable()
      await isAccessible(page, 'signing in')
    })

    test("the agent's desk, from one call to the next", async ({ phones, desk }) => {
      const anna = await desk('anna', '/', { colorScheme })
      await expect(anna.getByRole('button', { name: 'Become available' })).toBeVisible()
      await isAccessible(anna, 'the desk at rest')
      await anna.keyboard.press('?')
      await expect(anna.getByRole('dialog')).toBeVisible()
      await isAccessible(anna, 'the shortcuts')
      await anna.keyboard.press('Escape')
      await anna.getByTestId('state-switch').click()
      await expect(anna.getByRole('menu')).toBeVisible()
      await isAccessible(anna, 'the state switch')
      await anna.keyboard.press('Escape')
      await choose(anna, 'Available')

      const caller = await phones.dial(numbers.sales)
      await expect(anna.getByTestId('request')).toBeVisible()
      await isAccessible(anna, 'a request')
      await phones.answer('anna')
      await expect(anna.getByRole('heading', { name: caller.number })).toBeVisible()
      await isAccessible(anna, 'a conversation')
      await anna.getByRole('button', { name: 'Transfer', exact: true }).click()
      await expect(anna.getByRole('option', { name: 'Ben Brandt' })).toBeVisible()
      await isAccessible(anna, 'the directory')
      await anna.keyboard.press('Escape')
      await anna.getByRole('button', { name: 'Keypad' }).click()
      await expect(anna.getByRole('dialog')).toBeVisible()
      await isAccessible(anna, 'the keypad')
      await anna.keyboard.press('Escape')

      const ben = await desk('ben', '/', { colorScheme })
      await choose(ben, 'Available')
      await anna.getByRole('button', { name: 'Consult', exact: true }).click()
      await anna.getByRole('searchbox').fill('ben')
      await anna.getByRole('button', { name: 'Consult Ben Brandt' }).click()
      await expect(ben.getByTestId('request')).toBeVisible()
      await isAccessible(ben, 'a consult request')
      await phones.answer('ben')
      await expect(anna.getByRole('button', { name: 'Conference' })).toBeEnabled()
      await isAccessible(anna, 'a consult')
      await anna.getByRole('button', { name: 'Conference' }).click()
      await expect(anna.getByRole('button', { name: 'Leave' })).toBeVisible()
      await isAccessible(anna, 'a conference')
      await anna.getByRole('button', { name: 'End', exact: true }).click()
      await expect(anna.getByRole('heading', { name: 'Wrap-up' })).toBeVisible()
      await isAccessible(anna, 'the wrap-up')
      await anna.getByRole('option', { name: 'Order' }).click()
      await anna.getByRole('button', { name: 'Done' }).click()
      await isInState(anna, 'Available')

      await phones.dial(numbers.brief)
      await expect(anna.getByRole('alertdialog')).toBeVisible()
      await isAccessible(anna, 'a missed request')
      await anna.goto('/account')
      await expect(anna.getByRole('heading', { name: 'My account' })).toBeVisible()
    })

    test('account and calls', async ({ phones, desk }) => {
      await phones.reset()
      const anna = await desk('anna', '/account', { colorScheme })
      await expect(anna.getByText('This browser')).toBeVisible()
      await isAccessible(anna, 'my account')
      await anna.goto('/calls')
      await expect(anna.getByRole('heading', { name: 'Calls' })).toBeVisible()
      await isAccessible(anna, 'the calls')
    })
  })
}
