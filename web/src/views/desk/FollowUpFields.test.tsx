import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nothing } from '@/live/state'
import { store } from '@/live/store'
import { patience } from '@/test/patience'
import { UnnotedFollowUps } from './UnnotedFollowUps'

vi.mock('@/ui/notice', () => ({ notify: vi.fn() }))
vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key }) }))

beforeEach(() => {
  localStorage.clear()
  localStorage.setItem('tandem.task.a', 'Send the offer')
  localStorage.setItem('tandem.due.a', '2099-01-31')
  store.set({ ...nothing, link: 'live' })
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  store.set(nothing)
})

test('a follow-up of which it is not known whether it was noted is noted once, however often it is tried (C19)', async () => {
  const keys: (string | null)[] = []
  const timeout = { error: { code: 'timeout', message: 'whether it happened is not known: ask again with the same Idempotency-Key' } }
  vi.stubGlobal('fetch', (request: Request) => {
    keys.push(request.headers.get('Idempotency-Key'))
    const answer = keys.length === 1 ? new Response(JSON.stringify(timeout), { status: 504 }) : new Response('{}', { status: 201 })
    answer.headers.set('Content-Type', 'application/json')
    return Promise.resolve(answer)
  })
  render(<UnnotedFollowUps />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
  for (const tries of [1, 2]) {
    fireEvent.click(screen.getByRole('button', { name: 'followUp.note' }))
    await act(() => vi.waitFor(() => expect(keys.length).toBe(tries), patience))
    if (tries === 1) await screen.findByRole('alert')
  }
  expect(keys[1]).toBe(keys[0])
})

test('one that is written otherwise after that is another one', async () => {
  const keys: (string | null)[] = []
  vi.stubGlobal('fetch', (request: Request) => {
    keys.push(request.headers.get('Idempotency-Key'))
    return Promise.resolve(new Response('{}', { status: 504 }))
  })
  render(<UnnotedFollowUps />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
  for (const title of ['Send the offer', 'Send another offer']) {
    fireEvent.change(screen.getByRole('textbox', { name: 'followUp.what' }), { target: { value: title } })
    fireEvent.click(screen.getByRole('button', { name: 'followUp.note' }))
    await screen.findByRole('alert')
  }
  await act(() => vi.waitFor(() => expect(keys.length).toBe(2), patience))
  expect(keys[1]).not.toBe(keys[0])
})
