import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Problem } from '@/api/problem'
import { nothing } from '@/live/state'
import { store } from '@/live/store'
import { noteTask } from './deeds'
import { UnnotedFollowUps } from './UnnotedFollowUps'

vi.mock('@/ui/notice', () => ({ notify: vi.fn() }))
vi.mock('./deeds', () => ({ noteTask: vi.fn() }))
vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key }) }))

beforeEach(() => {
  localStorage.clear()
  localStorage.setItem('tandem.task.a', 'Send the offer')
  localStorage.setItem('tandem.due.a', '2099-01-31')
  localStorage.setItem('tandem.who.a', '+4917000003')
  store.set({ ...nothing, link: 'live' })
})

afterEach(() => {
  cleanup()
  vi.resetAllMocks()
  store.set(nothing)
})

function show() {
  render(<UnnotedFollowUps />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
}

async function press(name: string) {
  await act(async () => {
    fireEvent.click(screen.getByRole('button', { name }))
    await Promise.resolve()
  })
}

test('a follow-up that the wrap-up left behind is noted (C19)', async () => {
  show()
  expect(screen.getByRole('group', { name: 'followUp.unnoted · +4917000003' })).toBeDefined()
  vi.mocked(noteTask).mockRejectedValueOnce(new Problem(422, { error: { code: 'invalid', field: 'title', message: 'too odd' } }))
  await press('followUp.note')
  expect(screen.getByText('too odd')).toBeDefined()
  expect(localStorage.getItem('tandem.task.a')).toBe('Send the offer')
  vi.mocked(noteTask).mockResolvedValueOnce(undefined)
  await press('followUp.note')
  const task = { call: 'a', title: 'Send the offer', due: '2099-01-31' }
  expect(vi.mocked(noteTask).mock.calls).toEqual([
    [task, expect.any(String)],
    [task, expect.any(String)],
  ])
  const [refused, noted] = vi.mocked(noteTask).mock.calls
  expect(noted?.[1]).not.toBe(refused?.[1]) // a refusal would be told again
  expect(screen.queryByRole('group')).toBeNull()
  expect(localStorage.getItem('tandem.task.a')).toBeNull()
  expect(localStorage.getItem('tandem.due.a')).toBeNull()
})

test('it can be given up, and written anew', async () => {
  show()
  fireEvent.change(screen.getByRole('textbox', { name: 'followUp.what' }), { target: { value: '' } })
  expect(screen.getByRole('button', { name: 'followUp.note' }).hasAttribute('disabled')).toBe(true)
  await press('followUp.giveUp')
  expect(screen.queryByRole('group')).toBeNull()
  expect(localStorage.getItem('tandem.due.a')).toBeNull()
  expect(noteTask).not.toHaveBeenCalled()
})

test('a follow-up that was noted or given up in another tab is not asked about any more (C19)', () => {
  show()
  expect(screen.getByRole('group')).toBeDefined()
  // What the other tab does, and how this one hears of it.
  act(() => {
    localStorage.removeItem('tandem.task.a')
    localStorage.removeItem('tandem.due.a')
    globalThis.dispatchEvent(new StorageEvent('storage', { key: 'tandem.task.a' }))
  })
  expect(screen.queryByRole('group')).toBeNull()
})
