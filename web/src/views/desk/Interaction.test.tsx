import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Call } from '@/api/types'
import { nothing } from '@/live/state'
import { store } from '@/live/store'
import { Interaction } from './Interaction'

vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))

const of = (name: string, secure = false) => ({ name, label: name, type: 'string', value: secure ? '***' : '', version: 1, editable: true, secure })

const call = {
  id: 'c1',
  tenant: 'acme',
  from: '+4930555',
  to: '+4930123',
  phase: 'talking',
  phase_since: '2026-01-31T08:00:00Z',
  arrived_at: '2026-01-31T08:00:00Z',
  primary: 'anna',
  participants: [{ leg: 'l1', agent: 'anna', role: 'agent', primary: true, controls: ['hold', 'end'] }],
  variables: [of('city'), of('iban', true)],
} as unknown as Call

beforeEach(() => {
  localStorage.clear()
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"items":[]}', { status: 200, headers: { 'Content-Type': 'application/json' } })))
  store.set({ ...nothing, link: 'live', calls: new Map([[call.id, call]]) })
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  store.set(nothing)
})

test('who writes while the line is lost goes on writing, and only the buttons are off (C20)', () => {
  render(<Interaction call={call} agent="anna" />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
  fireEvent.change(screen.getByRole('textbox', { name: 'city' }), { target: { value: 'Berlin' } })
  act(() => store.set({ ...store.get(), link: 'lost' }))
  for (const name of ['notes.title', 'city', 'iban']) expect(screen.getByRole('textbox', { name }).matches(':disabled'), name).toBe(false)
  for (const name of ['control.hold', 'control.end', 'data.save', 'data.reveal']) expect(screen.getByRole('button', { name }).matches(':disabled'), name).toBe(true)
  act(() => store.set({ ...store.get(), link: 'live' }))
  for (const name of ['control.hold', 'control.end', 'data.save', 'data.reveal']) expect(screen.getByRole('button', { name }).matches(':disabled'), name).toBe(false)
})
