import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AgentView } from '@/api/types'
import { Rest } from './Rest'

vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))

beforeEach(() => {
  vi.stubGlobal('fetch', () => Promise.resolve(new Response('{"items":[]}', { status: 200, headers: { 'Content-Type': 'application/json' } })))
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

test.each([
  ['lunch', 'idle'],
  [undefined, 'idle'],
  ['declined', 'declined'],
  ['phone_unreachable', 'phone_unreachable'],
])('who is idle for the reason %s is told that it is %s (Q1)', (reason, how) => {
  const agent = { id: 'anna', state: 'idle', since: '2026-01-31T08:00:00Z', answered: 0, talked_seconds: 0, ...(reason ? { reason } : {}) } as AgentView
  render(<Rest agent={agent} ringing={false} />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
  expect(screen.getByRole('heading', { name: `rest.${how}.title` })).toBeDefined()
})
