import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, renderHook } from '@testing-library/react'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Call, Consult, DirectoryItem, Entry } from '@/api/types'
import { nothing, withChange, withSnapshot } from '@/live/state'
import { store } from '@/live/store'
import { notify } from '@/ui/notice'
import { useTellings } from './useTellings'

vi.mock('@/ui/notice', () => ({ notify: vi.fn() }))
vi.mock('@/api/client', () => ({ api: { GET: () => undefined }, ask: () => Promise.resolve({ items: [] }) }))
vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string, p?: { name: string }) => (p ? `${key} ${p.name}` : key) }) }))

afterEach(() => {
  cleanup()
  vi.useRealTimers()
  vi.mocked(notify).mockClear()
  store.set(nothing)
})

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

describe('a recording that breaks off (C15)', () => {
  const at = '2026-01-31T08:00:00Z'
  const talking = { id: 'a', primary: 'anna', phase: 'talking' } as Call

  /** What is told when the recording has stopped, and the call is like that a moment later. */
  function toldWhen(stopped: Partial<Entry>, then: Call | undefined) {
    vi.useFakeTimers()
    store.set(withSnapshot(nothing, { position: 1, calls: [talking], agents: [], queues: [], engines: [], directory: [] }))
    renderHook(() => useTellings('anna'), { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
    act(() => store.set(withChange(store.get(), { position: 2, entries: [{ at, kind: 'recording.stopped', call: 'a', recording: 'r', ...stopped }] })))
    act(() => store.set(withChange(store.get(), { position: 3, ...(then ? { calls: [then] } : { gone_calls: ['a'] }) })))
    vi.runAllTimers()
    return vi.mocked(notify).mock.calls
  }

  test('and begins again', () => {
    expect(toldWhen({ reason: 'broke_off' }, { ...talking, recording: { id: 'r2', state: 'starting' } })).toEqual([['warn', 'tell.recording.broke_off']])
  })

  test('and is given up', () => {
    expect(toldWhen({ reason: 'broke_off' }, talking)).toEqual([['bad', 'tell.recording.given_up']])
  })

  test('with its call is no news', () => {
    expect(toldWhen({ reason: 'broke_off' }, undefined)).toEqual([])
  })

  test("of a consult is not the call's", () => {
    expect(toldWhen({ reason: 'broke_off', text: 'consult' }, talking)).toEqual([])
    expect(toldWhen({ reason: 'failed', text: 'consult' }, talking)).toEqual([])
  })

  test('in the hands of another agent is theirs', () => {
    expect(toldWhen({ reason: 'broke_off' }, { ...talking, primary: 'ben' })).toEqual([])
  })
})
