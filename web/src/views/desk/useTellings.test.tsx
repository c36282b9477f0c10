import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, renderHook } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import type { Call, Consult, DirectoryItem } from '@/api/types'
import { nothing, withChange, withSnapshot } from '@/live/state'
import { store } from '@/live/store'
import { notify } from '@/ui/notice'
import { useTellings } from './useTellings'

vi.mock('@/ui/notice', () => ({ notify: vi.fn() }))
vi.mock('@/api/client', () => ({ api: { GET: () => undefined }, ask: () => Promise.resolve({ items: [] }) }))
vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string, p?: { name: string }) => (p ? `${key} ${p.name}` : key) }) }))

afterEach(() => store.set(nothing))

test('who asked is told who did not answer, by name, and once (C6)', () => {
  const call = { id: 'a', primary: 'anna', phase: 'talking' } as Call
  const consult: Consult = { to: { agent: 'ben' }, ringing: ['ben'], since: '2026-01-31T08:00:00Z', answered: false, with_customer: false, go_on: false, joins: false }
  const ben = { kind: 'agent', id: 'ben', tenant: 'acme', name: 'Ben Brandt' } as DirectoryItem
  store.set(withSnapshot(nothing, { position: 1, calls: [call], agents: [], queues: [], engines: [], directory: [ben] }))
  const client = new QueryClient()
  const view = renderHook(() => useTellings('anna'), { wrapper: ({ children }) => <QueryClientProvider client={client}>{children}</QueryClientProvider> })
  const at = '2026-01-31T08:00:00Z'
  act(() => store.set(withChange(store.get(), { position: 2, calls: [{ ...call, consult }], entries: [{ at, kind: 'consult.started', call: 'a', agent: 'anna' }] })))
  act(() => store.set(withChange(store.get(), { position: 3, calls: [call], entries: [{ at, kind: 'consult.ended', call: 'a', reason: 'no_answer' }] })))
  view.rerender()
  expect(vi.mocked(notify).mock.calls).toEqual([['warn', 'tell.consult.no_answer Ben Brandt']])
})
