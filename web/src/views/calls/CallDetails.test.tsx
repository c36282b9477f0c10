import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { CallRecord } from '@/api/types'
import '@/test/patience'
import { CallDetails } from './CallDetails'

vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))
vi.mock('@/app/session', () => ({ useMe: () => ({ may: ['getRecordingAudio'] }) }))

const call = { call: 'c1', arrived_at: '2026-01-31T08:00:00Z', outcome: 'answered', from: '+4930555', to: '+4930123', recordings: ['r1'] } as CallRecord

/** Shows a call of which there is this recording. */
function show(recording: object) {
  vi.stubGlobal('fetch', (r: Request) => {
    const items = r.url.includes('/recordings') ? [{ id: 'r1', call: 'c1', tenant: 'acme', length: 10, size: 1000, ...recording }] : []
    return Promise.resolve(new Response(JSON.stringify({ items }), { status: 200, headers: { 'Content-Type': 'application/json' } }))
  })
  render(<CallDetails record={call} onClose={vi.fn()} />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
}

beforeEach(() => {
  vi.stubGlobal('CSS', { escape: (s: string) => s }) // jsdom has none
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

test('of a call’s recordings it is said which is a consult’s (C15)', async () => {
  show({ state: 'archived', consult: true })
  expect(await screen.findByLabelText('recordingOfConsult')).toBeDefined()
  expect(screen.getByText('recordingOfConsult')).toBeDefined()
  expect(screen.queryByLabelText('recording')).toBeNull()
})

test.each([
  ['pending', 'notYet'],
  ['recording', 'notYet'],
  ['failed', 'failed'],
  ['lost', 'failed'],
])('a recording that is %s is not said to be on its way if it is not (C15)', async (state, text) => {
  show({ state })
  expect(await screen.findByText(text)).toBeDefined()
})

test('a recording that was discarded is said to be, whatever becomes of it (C17)', async () => {
  show({ state: 'erased', discarded_at: '2026-01-31T08:01:00Z' })
  expect(await screen.findByText('discarded')).toBeDefined()
})
