import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Call, DirectoryItem } from '@/api/types'
import { nothing } from '@/live/state'
import { store } from '@/live/store'
import '@/test/patience'
import { TargetDialog } from './TargetDialog'

vi.mock('@/ui/notice', () => ({ notify: vi.fn() }))
vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string, o?: { name?: string }) => (o?.name ? `${key} ${o.name}` : key), i18n: { language: 'en' } }) }))

const agent = (id: string, name: string, state: DirectoryItem['state']) => ({ kind: 'agent', id, tenant: 'acme', name, teams: ['north'], state, since: '2026-01-31T08:00:00Z' }) as DirectoryItem
const all = [agent('bob', 'Bob', 'available'), agent('cem', 'Cem', 'available')]

/** What the API answers: agents first, and no more than `limit` in all. */
function directory(items: DirectoryItem[]) {
  vi.stubGlobal('fetch', (r: Request) => {
    const query = new URL(r.url).searchParams
    const found = items.filter((i) => !query.get('kind') || i.kind === query.get('kind')).filter((i) => [i.name, ...(i.teams ?? [])].join(' ').toLowerCase().includes(query.get('search') ?? ''))
    return Promise.resolve(
      new Response(JSON.stringify({ position: 1, items: found.slice(0, Number(query.get('limit') ?? 100)) }), { status: 200, headers: { 'Content-Type': 'application/json' } }),
    )
  })
}

beforeEach(() => {
  vi.stubGlobal('CSS', { escape: (s: string) => s }) // jsdom has none
  store.set({ ...nothing, link: 'live', directory: new Map(all.map((a) => [a.id, a])) })
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
  store.set(nothing)
})

function show() {
  render(<TargetDialog call={{ id: 'c1' } as Call} agent="ann" purpose="transfer" onClose={vi.fn()} />, {
    wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider>,
  })
}

test('a customer is not sent to somebody else because who was chosen has just become busy (C9)', async () => {
  directory(all)
  show()
  fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'north' } })
  fireEvent.click(await screen.findByRole('option', { name: /Cem/ }))
  expect(screen.getByRole('button', { name: 'target.transferTo Cem' })).toBeDefined()
  act(() => store.set({ ...store.get(), directory: new Map([...store.get().directory, ['cem', agent('cem', 'Cem', 'engaged')]]) }))
  expect(screen.queryByRole('button', { name: 'target.transferTo Bob' })).toBeNull()
})

test('nor because who was found first has: the button does not change under the hand (C9)', async () => {
  directory(all)
  show()
  const north = (state: DirectoryItem['state']) => act(() => store.set({ ...store.get(), directory: new Map([...store.get().directory, ['bob', agent('bob', 'Bob', state)]]) }))
  fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'north' } })
  expect(await screen.findByRole('button', { name: 'target.transferTo Bob' })).toBeDefined()
  north('engaged')
  expect(screen.queryByRole('button', { name: 'target.transferTo Cem' })).toBeNull()
  north('available')
  expect(screen.getByRole('button', { name: 'target.transferTo Bob' })).toBeDefined()
  // Whoever looks further means whom they find then.
  north('engaged')
  fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'nort' } })
  expect(await screen.findByRole('button', { name: 'target.transferTo Cem' })).toBeDefined()
})

test('an entry point that is closed says so and until when, and cannot be chosen (N4)', async () => {
  directory([{ kind: 'entry_point', id: 'night', tenant: 'acme', name: 'Night line', closed: true, opens: '2026-11-23T20:00:00Z' }])
  show()
  const night = await screen.findByRole('option', { name: /Night line/ })
  expect(night.textContent).toContain('target.closed')
  expect(night.textContent).toContain('target.opens')
  expect(night.getAttribute('aria-disabled')).toBe('true')
})

test('a queue can be found, however many agents there are (C4)', async () => {
  const queue = { kind: 'queue', id: 'returns', tenant: 'acme', name: 'Returns', waiting: 0, free: 1 } as DirectoryItem
  directory([...Array.from({ length: 500 }, (_, i) => agent(`a${i}`, `Agent ${i}`, 'offline')), queue])
  show()
  fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'returns' } })
  expect(await screen.findByRole('option', { name: /Returns/ })).toBeDefined()
})
