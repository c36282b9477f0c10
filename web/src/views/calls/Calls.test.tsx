import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import type { CallRecord } from '@/api/types'
import '@/test/patience'
import { Calls } from './Calls'

const record: CallRecord = {
  call: 'a', tenant: 'acme', engine: 'asterisk', from: '+4917000003', to: '+4930100', arrived_at: '2026-01-31T08:00:00Z', ended_at: '2026-01-31T08:00:29Z',
  outcome: 'answered', cause: { code: 'normal', by: 'theirs' }, offers: 1, misses: 0, route: 0, wait: 5, talk: 16, hold: 8, outside: 0, post_call: 0, close: 0, total: 29,
}

vi.mock('@/api/client', () => ({ api: { GET: (path: string) => path }, ask: (path: string) => Promise.resolve({ items: path === '/api/v1/call-records' ? [record] : [] }) }))
vi.mock('@/app/session', () => ({ useMe: () => ({ name: 'vera', role: 'supervisor', all_teams: true, may: [] }) }))
vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))

// What opens above the page needs it, and jsdom has none.
vi.stubGlobal('CSS', { escape: (name: string) => name })

afterEach(cleanup)

test('how long was talked is the same in the list and in the story, hold excluded (R6)', async () => {
  render(<Calls />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
  const opens = await screen.findByRole('button', { name: '+4917000003' })
  const row = opens.closest('tr')
  if (!row) throw new Error('the call has a row')
  expect(within(row).getAllByRole('cell').at(-1)?.textContent).toBe('0:16')
  fireEvent.click(opens)
  const story = within(await screen.findByRole('dialog'))
  expect(story.getByText('column.talk').nextElementSibling?.textContent).toBe('0:16')
  expect(story.getByText('held').nextElementSibling?.textContent).toBe('0:08')
})
