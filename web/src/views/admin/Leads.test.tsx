import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, within } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { patience } from '@/test/patience'
import { Leads } from './Leads'

interface Way {
  params: { id: string }
  search?: { with: unknown }
}

vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))
vi.mock('@tanstack/react-router', () => ({
  createLink:
    () =>
    ({ params, search, label }: Way & { label: string }) => <a href={[params.id, ...(search ? [JSON.stringify(search.with)] : [])].join(' ')}>{label}</a>,
}))
vi.mock('@/views/desk/names', () => ({ usePlaceName: () => (_: string, id: string) => `name of ${id}` }))
vi.mock('@/views/calls/CallDetails', () => ({ CallDetails: ({ record }: { record: { call: string } }) => <div role="dialog">{record.call}</div> }))

const may = vi.hoisted(() => ({ now: [] as string[] }))
vi.mock('./setup', () => ({ useMay: () => (o: string) => may.now.includes(o), useScope: () => ({ tenant: 'acme' }) }))

const all = [
  { id: '2', tenant: 'acme', number: '+4930555', name: 'Zoë', source: 'sales', status: 'new', call: 'c2', created_at: '2026-01-31T08:00:00Z' },
  { id: '1', tenant: 'acme', number: '+4930777', status: 'new', call: 'c1', contact: 'k1', created_at: '2026-01-30T08:00:00Z' },
]
let erased: boolean

beforeEach(() => {
  may.now = ['listLeads', 'getCallRecord', 'createContact']
  erased = false
  vi.stubGlobal('CSS', { escape: (s: string) => s }) // jsdom has none
  const answer = (body: object, status = 200) => Promise.resolve(new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } }))
  vi.stubGlobal('fetch', (r: Request) => {
    const url = new URL(r.url)
    if (url.pathname.endsWith('/leads')) return answer({ items: all.filter((l) => l.number.includes(url.searchParams.get('search') ?? '')) })
    return erased ? answer({ error: { code: 'not_found', message: 'there is no such call' } }, 404) : answer({ call: url.pathname.split('/').at(-1) })
  })
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function show() {
  render(<Leads />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
}

async function rowOf(number: string) {
  const row = (await screen.findByText(number)).closest('tr')
  if (!row) throw new Error(`no row of ${number}`)
  return within(row)
}

test('a lead becomes a contact with its number and name, or is one by now (R2)', async () => {
  show()
  expect(await screen.findByText('name of sales')).toBeDefined()
  expect((await rowOf('+4930555')).getByRole('link', { name: 'leads.note' }).getAttribute('href')).toBe('+new {"name":"Zoë","numbers":["+4930555"]}')
  const known = await rowOf('+4930777')
  expect(known.getByRole('link', { name: 'leads.known' }).getAttribute('href')).toBe('k1')
  expect(known.queryByRole('link', { name: 'leads.note' })).toBeNull()
})

test('a lead shows the call that made it, as long as there is a record of it (R2)', async () => {
  show()
  fireEvent.click((await rowOf('+4930555')).getByRole('button'))
  expect((await screen.findByRole('dialog')).textContent).toBe('c2')
})

test('of a call whose record is gone it is said (R2)', async () => {
  erased = true
  const { board } = await import('@/ui/notice')
  show()
  fireEvent.click((await rowOf('+4930555')).getByRole('button'))
  await vi.waitFor(() => expect(board.get().map((n) => n.text)).toEqual(['there is no such call']), patience)
  expect(screen.queryByRole('dialog')).toBeNull()
})

test('the server searches; who may only look is offered nothing to do (R2)', async () => {
  may.now = ['listLeads']
  show()
  expect((await rowOf('+4930777')).getByRole('link', { name: 'leads.known' })).toBeDefined()
  expect((await rowOf('+4930555')).queryByRole('link')).toBeNull()
  expect(screen.queryByRole('button')).toBeNull()
  fireEvent.change(screen.getByRole('searchbox'), { target: { value: '777' } })
  await vi.waitFor(() => expect(screen.queryByText('+4930555')).toBeNull(), patience)
  expect(screen.getByText('+4930777')).toBeDefined()
})
