import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, expect, test, vi } from 'vitest'
import type { Call } from '@/api/types'
import { nothing } from '@/live/state'
import { store } from '@/live/store'
import { decline } from './deeds'
import { Requests } from './Requests'

vi.mock('@/api/client', () => ({ api: { GET: () => undefined }, ask: () => Promise.resolve({ call: '' }) }))
vi.mock('./deeds', () => ({ decline: vi.fn() }))
vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))

afterEach(() => {
  cleanup()
  vi.resetAllMocks()
  store.set(nothing)
})

const client = new QueryClient()
const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>
const at = '2026-01-31T08:00:00Z'
const offer = (leg: string) => ({ agent: 'anna', leg, since: at, until: '2026-01-31T08:00:20Z', ringing: true })

// An entry point is consulted, rings at me, and the customer is transferred to it: in one step the consult's request is over, and the customer's rings.
test('a press that began on one request is not completed on the next of the same call (C1)', () => {
  store.set({ ...nothing, link: 'live' })
  const call = { id: 'a', from: '+4930', arrived_at: at }
  const consulted = { ...call, consult: { to: { entry_point: 'help' }, since: at, ringing: ['anna'], offers: [offer('first')] } } as unknown as Call
  const { rerender } = render(<Requests agent="anna" ringing={[consulted]} />, { wrapper })
  const button = () => screen.getByRole('button', { name: 'request.decline' })
  const pressed = button()
  rerender(<Requests agent="anna" ringing={[{ ...call, offers: [offer('second')] } as unknown as Call]} />)
  expect(button()).not.toBe(pressed)
  fireEvent.click(button())
  expect(vi.mocked(decline).mock.calls).toEqual([['anna', 'a', 'second']])
})
