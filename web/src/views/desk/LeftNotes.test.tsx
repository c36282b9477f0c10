import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { ReactNode } from 'react'
import type { AgentView } from '@/api/types'
import { nothing } from '@/live/state'
import { store } from '@/live/store'
import { Layer } from './Layer'
import { LeftNotes } from './LeftNotes'

vi.mock('@/ui/notice', () => ({ notify: vi.fn() }))
vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))

const agent: AgentView = { id: 'anna', tenant: 'acme', name: 'Anna', phone: '1', state: 'wrap_up', state_cause: '', since: '2026-01-31T08:00:00Z', misses: 0, answered: 1, talked_seconds: 9 }

beforeEach(() => {
  localStorage.clear()
  vi.useFakeTimers()
})

afterEach(() => {
  cleanup()
  vi.useRealTimers()
  vi.unstubAllGlobals()
  store.set(nothing)
})

const reasons = { tenants: [], rules: [], queues: [{ queue: 'sales', wrap_up: ['sold'], required: false }] }

/** What is sent, by method; the answer to everything is that there is nothing but the reasons. */
function answering(): string[] {
  const sent: string[] = []
  vi.stubGlobal('fetch', async (r: Request) => {
    sent.push(`${r.method} ${await r.text()}`)
    return new Response(JSON.stringify({ ...reasons, items: [] }), { status: 200, headers: { 'Content-Type': 'application/json' } })
  })
  return sent
}

function show(what: ReactNode) {
  render(what, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
}

function owes(until?: string) {
  const wrapUp = { call: 'c1', queue: 'sales', since: agent.since, extended: 0, ...(until ? { until } : {}) }
  store.set({ ...nothing, link: 'live', position: 1, agents: new Map([['anna', { ...agent, wrap_up: wrapUp }]]) })
}

const notes = 'Wants two hundred, by Friday'

test('notes that were being written when the time of the wrap-up ran out are not thrown away (C20)', async () => {
  const sent = answering()
  owes()
  show(<Layer agent="anna" />)
  localStorage.setItem('tandem.notes.c1', notes)
  await act(async () => {
    store.set({ ...store.get(), position: 2, agents: new Map([['anna', { ...agent, state: 'available' }]]) }) // wrap_up_timer
    await vi.advanceTimersByTimeAsync(10_000)
  })
  expect([...sent, localStorage.getItem('tandem.notes.c1')].join()).toContain('two hundred')
})

test('where a reason was chosen they go along just before the time runs out, once', async () => {
  const sent = answering()
  owes(new Date(Date.now() + 20_000).toISOString())
  localStorage.setItem('tandem.notes.c1', notes)
  show(<Layer agent="anna" />)
  await act(() => vi.advanceTimersByTimeAsync(19_000))
  const posts = () => sent.filter((x) => x.startsWith('POST'))
  expect(posts()).toEqual([]) // the server takes none without a reason
  cleanup()
  localStorage.setItem('tandem.reason.c1', 'sold')
  owes(new Date(Date.now() + 20_000).toISOString())
  show(<Layer agent="anna" />)
  await act(() => vi.advanceTimersByTimeAsync(15_000))
  expect(posts()).toEqual([])
  await act(() => vi.advanceTimersByTimeAsync(5_000))
  expect(posts()).toEqual([`POST ${JSON.stringify({ call: 'c1', since: '2026-01-31T08:00:00Z', reason: 'sold', notes })}`])
  expect(localStorage.getItem('tandem.notes.c1')).toBeNull()
})

test('they are shown until the agent gives them up', async () => {
  localStorage.setItem('tandem.notes.c1', notes)
  localStorage.setItem('tandem.who.c1', 'Erika Muster')
  show(<LeftNotes />)
  expect(screen.queryByText(notes)).toBeNull() // perhaps their wrap-up has just been submitted
  await act(() => vi.advanceTimersByTimeAsync(2_000))
  expect(screen.getByRole('region', { name: 'leftNotes.title · Erika Muster' }).textContent).toContain(notes)
  fireEvent.click(screen.getByRole('button', { name: 'leftNotes.giveUp' }))
  expect(screen.queryByText(notes)).toBeNull()
  expect(localStorage.getItem('tandem.notes.c1')).toBeNull()
})
