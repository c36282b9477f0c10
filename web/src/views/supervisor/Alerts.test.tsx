import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AgentView, Alert, Entry } from '@/api/types'
import { nothing } from '@/live/state'
import { store } from '@/live/store'
import '@/test/patience'
import { Alerts } from './Alerts'

vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))
vi.mock('@/app/session', () => ({ useMe: () => ({ may: ['listAlerts'] }) }))
vi.mock('@tanstack/react-router', () => ({ Link: ({ to, search, children }: { to: string; search?: object; children: ReactNode }) => <a href={to + JSON.stringify(search ?? '')}>{children}</a> }))

const away: Alert = { id: '1', at: '2026-01-31T08:00:00Z', reason: 'phone_unreachable', agent: 'anna', call: 'c1', queue: 'sales' }
const record = { call: 'c1', tenant: 'acme', engine: 'asterisk', from: '+4930555', to: '+4930123', arrived_at: '2026-01-31T08:00:00Z', ended_at: '2026-01-31T08:00:09Z', outcome: 'abandoned' }

let alerts: Alert[]

beforeEach(() => {
  localStorage.clear()
  alerts = [away]
  vi.stubGlobal('CSS', { escape: (s: string) => s }) // jsdom has none
  vi.stubGlobal('fetch', (r: Request) => {
    const body = r.url.includes('/alerts') ? { items: alerts } : r.url.includes('/call-records/c1') ? record : { items: [] }
    return Promise.resolve(new Response(JSON.stringify(body), { status: 200, headers: { 'Content-Type': 'application/json' } }))
  })
  store.set({ ...nothing, agents: new Map([['anna', { id: 'anna', name: 'Anna Albers', state: 'idle', reason: 'phone_unreachable' } as AgentView]]) })
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  store.set(nothing)
})

function show() {
  render(<Alerts />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
}

test('an alert says what it is and whom it concerns, leads there, and whether it is so still (S2)', async () => {
  show()
  const row = within(await screen.findByRole('row', { name: /reason_phone_unreachable/ }))
  expect(row.getAllByText('alerts.open').length).toBeGreaterThan(0)
  expect(row.getAllByRole('link', { name: 'Anna Albers' })[0]?.getAttribute('href')).toBe('/supervisor/agents{"find":"Anna Albers"}')
  expect(row.getAllByRole('link', { name: 'sales' })[0]?.getAttribute('href')).toBe('/supervisor{"queue":"sales"}')
  act(() => store.set({ ...store.get(), agents: new Map([['anna', { id: 'anna', name: 'Anna Albers', state: 'available' } as AgentView]]) }))
  expect(row.queryByText('alerts.open')).toBeNull()
  expect(row.getAllByText('alerts.over').length).toBeGreaterThan(0)
  // The call is over: its record tells of it.
  const [opens] = row.getAllByRole('button', { name: 'alerts.call' })
  if (!opens) throw new Error('the call can be opened')
  fireEvent.click(opens)
  expect(await screen.findByRole('dialog', { name: '+4930555' })).toBeDefined()
})

test('an alert of the stream is in the list as soon as it is kept (S2)', async () => {
  show()
  await screen.findByText('alerts.reason_phone_unreachable')
  const news = { kind: 'alert', at: '2026-01-31T08:00:05Z', reason: 'prompt_failed', call: 'c2' } as Entry
  act(() => store.set({ ...store.get(), entries: [news] }))
  alerts = [{ id: '2', at: news.at, reason: 'prompt_failed', call: 'c2' }, away]
  expect(await screen.findByText('alerts.reason_prompt_failed')).toBeDefined()
  expect(localStorage.getItem('tandem.supervisor.alerts')).toBe(news.at)
})

test('what this app has no words for yet is shown as it is', async () => {
  alerts = [{ id: '3', at: '2026-01-31T08:00:00Z', reason: 'of_tomorrow', text: 'as said' }]
  show()
  expect(await screen.findByText('of tomorrow')).toBeDefined()
  expect(screen.getByText('as said')).toBeDefined()
  expect(screen.getAllByText('alerts.site').length).toBeGreaterThan(0)
})
