import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import '@/test/patience'
import { Items } from './Items'
import { kinds } from './kinds'
import { mostFound } from './kinds/kind'

// Contacts are the kind of which there are too many to have them all.

vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))
vi.mock('@/app/session', () => ({ useMe: () => ({ tenant: 'acme', may: ['createContact'] }) }))
vi.mock('@tanstack/react-router', () => ({
  Link: ({ params, children }: { params: { id: string }; children: ReactNode }) => <a href={params.id}>{children}</a>,
  Outlet: () => null,
  createLink: () => () => null,
  useNavigate: () => () => undefined,
  useParams: () => ({ kind: 'contacts' }),
}))

let all: object[]
let sent: [string, unknown][]

function contact(id: string, name: string) {
  return { id, tenant: 'acme', name, numbers: [], version: 3, created_at: '2026-01-31T08:00:00Z' }
}

beforeEach(() => {
  all = [contact('1', 'Zoë'), contact('2', 'Bo')]
  sent = []
  vi.stubGlobal('CSS', { escape: (s: string) => s }) // jsdom has none
  vi.stubGlobal('fetch', async (r: Request) => {
    const url = new URL(r.url)
    if (r.method !== 'GET') sent.push([`${r.method} ${url.pathname} ${r.headers.get('If-Match')}`, JSON.parse(await r.clone().text()) as unknown])
    const items = url.pathname.endsWith('/contacts') ? (url.searchParams.get('search') === 'nobody' ? [] : all) : []
    return new Response(JSON.stringify(r.method === 'GET' ? { items } : contact('1', 'Zoë')), { headers: { 'Content-Type': 'application/json' } })
  })
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function show() {
  render(<Items />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
}

test('the server searches for contacts; found or not, the search stays (R1)', async () => {
  show()
  const names = (await screen.findAllByRole('link')).map((l) => l.textContent)
  expect(names).toEqual(['Bo', 'Zoë'])
  fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'nobody' } })
  expect(await screen.findByText('list.notFound')).toBeDefined()
  fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'z' } })
  expect(await screen.findByText('Zoë')).toBeDefined()
})

test('of very many the newest are listed, and it is said (R1)', async () => {
  all = Array.from({ length: mostFound + 1 }, (_, i) => contact(String(i), `C${i}`))
  show()
  expect(await screen.findByText('list.newest')).toBeDefined()
  expect(screen.getAllByRole('link')).toHaveLength(mostFound)
})

test('a contact is sent without its id, and with the version that one has seen (R1)', async () => {
  const row = { ...contact('1', 'Zoë'), version: 3 }
  await kinds.contacts.replace(row, { id: '1', tenant: 'acme', name: 'Zoë', numbers: ['030 555'] }, false)
  await kinds.contacts.create({ id: 'zoe', tenant: 'acme', name: 'Zoë' }, false)
  expect(sent).toEqual([
    ['PUT /api/v1/contacts/1 "3"', { tenant: 'acme', name: 'Zoë', numbers: ['030 555'] }],
    ['POST /api/v1/contacts null', { tenant: 'acme', name: 'Zoë' }],
  ])
})
