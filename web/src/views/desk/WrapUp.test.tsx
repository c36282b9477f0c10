import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import type { AgentView } from '@/api/types'
import { nothing } from '@/live/state'
import { store } from '@/live/store'
import '@/test/patience'
import { submitWrapUp } from './deeds'
import { useShortcuts } from './shortcuts'
import { WrapUp } from './WrapUp'

const answer = vi.hoisted(() => ({ items: [], queues: [] as unknown[] }))
vi.mock('@/api/client', () => ({ api: { GET: () => undefined }, ask: () => Promise.resolve(answer) }))
vi.mock('@/ui/notice', () => ({ notify: vi.fn() }))
vi.mock('./deeds', () => ({ extendWrapUp: vi.fn(), noteTask: vi.fn(), submitWrapUp: vi.fn() }))
vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))

afterEach(() => {
  cleanup()
  vi.useRealTimers()
  vi.resetAllMocks()
  localStorage.clear()
  store.set(nothing)
})

function owes(reasons: string[], required: boolean, more: Partial<NonNullable<AgentView['wrap_up']>> = {}) {
  store.set({ ...nothing, link: 'live' })
  const client = new QueryClient()
  client.setQueryData(['reasons'], { tenants: [], rules: [], queues: [{ queue: 'sales', wrap_up: reasons, required }] })
  const wrapUp = { call: 'a', queue: 'sales', since: '2026-01-31T08:00:00Z', extended: 0, ...more }
  render(<WrapUp agent={{ id: 'anna' } as AgentView} wrapUp={wrapUp} />, {
    wrapper: ({ children }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>,
  })
}

function mayFinish(): boolean {
  return !screen.getByRole('button', { name: 'wrapUp.submit' }).hasAttribute('disabled')
}

test.each([true, false])('where there are reasons one is chosen before the wrap-up is done, and it says so; required: %s (C19)', async (required) => {
  owes(['Order', 'Question'], required)
  expect(mayFinish()).toBe(false)
  expect(screen.getByText('wrapUp.needsReason')).toBeDefined()
  fireEvent.click(screen.getByRole('option', { name: 'Question' }))
  expect(screen.queryByText('wrapUp.needsReason')).toBeNull()
  expect(mayFinish()).toBe(true)
  await act(async () => {
    fireEvent.click(screen.getByRole('button', { name: 'wrapUp.submit' }))
    await Promise.resolve()
  })
  expect(vi.mocked(submitWrapUp).mock.calls).toEqual([['anna', expect.objectContaining({ call: 'a', since: '2026-01-31T08:00:00Z' }), 'Question', '']])
})

test('who is refused, because the reasons were changed meanwhile, is shown those that there are (C19)', async () => {
  owes(['Order'], true)
  answer.queues = [{ queue: 'sales', wrap_up: ['Purchase'], required: true }]
  vi.mocked(submitWrapUp).mockRejectedValue(new Error("the reason is not one of the queue's wrap-up reasons"))
  fireEvent.click(screen.getByRole('option', { name: 'Order' }))
  fireEvent.click(screen.getByRole('button', { name: 'wrapUp.submit' }))
  expect(await screen.findByRole('option', { name: 'Purchase' })).toBeDefined()
})

test('where there are none, a reason is written only if it has to be (C19)', () => {
  owes([], false)
  expect(mayFinish()).toBe(true)
  cleanup()
  owes([], true)
  expect(mayFinish()).toBe(false)
  fireEvent.change(screen.getByRole('textbox', { name: 'wrapUp.reason' }), { target: { value: 'asked' } })
  expect(mayFinish()).toBe(true)
})

test('more time is offered only where the server says that there is some (C19)', () => {
  const until = '2099-01-31T08:00:00Z'
  owes([], false, { until, controls: ['extend'] })
  expect(screen.getByRole('button', { name: 'wrapUp.extend' })).toBeDefined()
  cleanup()
  owes([], false, { until, extended: 1 })
  expect(screen.queryByRole('button', { name: 'wrapUp.extend' })).toBeNull()
})

/** The desk in a conversation, with its notes. */
function Notes() {
  useShortcuts({})
  return <textarea />
}

test.each(['Enter', 'k'])('who is writing when the customer hangs up goes on with the notes, and not with a reason; last key: %s (C20)', (key) => {
  vi.useFakeTimers({ toFake: ['Date'] }) // somebody is writing for a moment only, which a busy machine may need to get from here to there
  localStorage.setItem('tandem.notes.a', 'wants to be called bac')
  render(<Notes />)
  fireEvent.keyDown(screen.getByRole('textbox'), { key })
  cleanup()
  owes(['Order', 'Question'], true)
  const notes = screen.getByRole<HTMLTextAreaElement>('textbox', { name: 'notes.title' })
  expect(document.activeElement).toBe(notes)
  expect(notes.selectionStart).toBe(notes.value.length)
})

test('who is not writing then chooses a reason', async () => {
  render(<Notes />)
  fireEvent.keyDown(screen.getByRole('textbox'), { key: 'Enter', ctrlKey: true })
  cleanup()
  owes(['Order', 'Question'], true)
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole('searchbox'))) // in the next frame, if a test before this one has clicked
})
