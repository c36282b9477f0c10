import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { nothing } from '@/live/state'
import { store } from '@/live/store'
import { patience } from '@/test/patience'
import { Timeline } from './Timeline'

vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))

beforeEach(() => void vi.useFakeTimers())

afterEach(() => {
  cleanup()
  vi.useRealTimers()
  vi.unstubAllGlobals()
  store.set(nothing)
})

test('news that the story does not have yet are asked for soon, and then ever less often (R6)', async () => {
  let asked = 0
  vi.stubGlobal('fetch', (r: Request) => {
    if (r.url.endsWith('/timeline')) asked++
    return Promise.resolve(new Response('{"items":[]}', { status: 200, headers: { 'Content-Type': 'application/json' } }))
  })
  const told = (at: string) => store.set({ ...nothing, link: 'live', entries: [{ at, kind: 'call.held', call: 'a' }] })
  told('2026-01-31T08:00:00Z')
  render(<Timeline call="a" />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
  const during = async (ms: number) => {
    const before = asked
    await act(() => vi.advanceTimersByTimeAsync(ms))
    return asked - before
  }
  expect(await during(2_000)).toBeGreaterThanOrEqual(2)
  expect(await during(60_000)).toBeLessThan(8)
  act(() => told('2026-01-31T08:05:00Z'))
  expect(await during(2_000)).toBeGreaterThanOrEqual(2)
})

test('a recording of a consult is named as one (C15)', async () => {
  const entry = { at: '2026-01-31T08:00:00Z', kind: 'recording.stopped', reason: 'complete', text: 'consult' }
  vi.stubGlobal('fetch', () => Promise.resolve(Response.json({ items: [{ seq: 1, index: 0, entry }] })))
  render(<Timeline call="a" />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
  await act(() => vi.waitFor(() => expect(screen.getByRole('listitem').textContent).toContain('entry.recordingStopped · recordingOfConsult · reason.complete'), patience))
})
