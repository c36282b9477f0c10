import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor, within } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import '@/test/patience'
import { Exclusions } from './Exclusions'

vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))

const may = vi.hoisted(() => ({ now: [] as string[] }))
vi.mock('./setup', () => ({ useMay: () => (o: string) => may.now.includes(o), useScope: () => ({ tenant: 'acme' }), useChanged: () => () => Promise.resolve() }))

const all = [{ tenant: 'acme', number: '+4930777000', reason: 'wholesaler', created_at: '2026-01-31T08:00:00Z' }]
let sent: { method: string; url: string; body: string }[]
let refusal: object | undefined

beforeEach(() => {
  may.now = ['listExclusions', 'excludeNumber', 'endExclusion']
  sent = []
  refusal = undefined
  vi.stubGlobal('CSS', { escape: (s: string) => s }) // jsdom has none
  vi.stubGlobal('fetch', async (r: Request) => {
    const url = new URL(r.url)
    if (r.method === 'GET') {
      const found = all.filter((x) => x.reason.includes(url.searchParams.get('search') ?? ''))
      return new Response(JSON.stringify({ items: found }), { headers: { 'Content-Type': 'application/json' } })
    }
    sent.push({ method: r.method, url: url.pathname + url.search, body: await r.clone().text() })
    if (refusal) return new Response(JSON.stringify(refusal), { status: 422, headers: { 'Content-Type': 'application/json' } })
    return r.method === 'DELETE' ? new Response(null, { status: 204 }) : new Response(JSON.stringify(all[0]), { headers: { 'Content-Type': 'application/json' } })
  })
})

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function show() {
  render(<Exclusions />, { wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider> })
}

test('a number is excluded, and what the server says of it stands at its field (R2)', async () => {
  show()
  fireEvent.click(await screen.findByRole('button', { name: 'exclusions.new' }))
  const form = within(await screen.findByRole('dialog'))
  const number = form.getByRole('textbox', { name: 'exclusions.number' })
  fireEvent.change(number, { target: { value: ' 030 777000 ' } })
  refusal = { error: { code: 'invalid', field: 'number', message: 'a telephone number with its country code' } }
  fireEvent.click(form.getByRole('button', { name: 'exclusions.add' }))
  expect(await form.findByText('a telephone number with its country code')).toBeDefined()
  expect(JSON.parse(sent[0]?.body ?? '')).toEqual({ tenant: 'acme', number: '030 777000', reason: '' })
  refusal = undefined
  fireEvent.click(form.getByRole('button', { name: 'exclusions.add' }))
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
})

test('a number is taken off the list after one has been asked (R2)', async () => {
  show()
  fireEvent.click(await screen.findByRole('button', { name: 'exclusions.endOf' }))
  fireEvent.click(within(await screen.findByRole('dialog')).getByRole('button', { name: 'exclusions.end' }))
  await waitFor(() => expect(sent).toEqual([{ method: 'DELETE', url: '/api/v1/lead-exclusions/%2B4930777000?tenant=acme', body: '' }]))
  await waitFor(() => expect(screen.queryByRole('dialog')).toBeNull())
})

test('the server searches; what it does not find is said, and the search stays', async () => {
  show()
  await screen.findByText('+4930777000')
  fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'nobody' } })
  expect(await screen.findByText('list.notFound')).toBeDefined()
  fireEvent.change(screen.getByRole('searchbox'), { target: { value: 'whole' } })
  expect(await screen.findByText('+4930777000')).toBeDefined()
})

test('who may only look is offered nothing to do', async () => {
  may.now = ['listExclusions']
  show()
  expect(await screen.findByText('+4930777000')).toBeDefined()
  expect(screen.queryByRole('button')).toBeNull()
})
