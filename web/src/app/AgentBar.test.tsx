import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import type { AgentState, AgentView } from '@/api/types'
import { nothing, withSnapshot } from '@/live/state'
import { store } from '@/live/store'
import { AgentBar } from './AgentBar'

vi.mock('@/api/client', () => ({ api: { GET: () => undefined }, ask: () => Promise.resolve({ tenants: [], queues: [], rules: [] }), deed: () => ({}) }))
vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key }) }))

// What opens above the page needs it, and jsdom has none.
vi.stubGlobal('CSS', { escape: (name: string) => name })

afterEach(() => {
  cleanup()
  store.set(nothing)
})

test.each<[AgentState, boolean]>([
  ['available', true],
  ['idle', true],
  ['rona', true],
  ['offline', true],
  ['reserved', false],
  ['engaged', false],
  ['wrap_up', false],
])('who is %s may sign out: %s (Q1)', async (state, may) => {
  const anna = { id: 'anna', tenant: 'acme', name: 'Anna', phone: '1001', state, state_cause: 'asked', since: '2026-01-31T08:00:00Z', misses: 0, answered: 0, talked_seconds: 0 } satisfies AgentView
  store.set({ ...withSnapshot(nothing, { position: 1, calls: [], agents: [anna], queues: [], engines: [], directory: [] }), link: 'live' })
  render(<AgentBar agent="anna" />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
  await act(async () => {
    fireEvent.click(screen.getByTestId('state-switch'))
    await Promise.resolve()
  })
  expect(screen.getByRole('menuitem', { name: 'state.offline' }).hasAttribute('aria-disabled')).toBe(!may)
  // What one wants to be is taken note of in any state.
  expect(screen.getByRole('menuitem', { name: 'state.available' }).hasAttribute('aria-disabled')).toBe(false)
})
