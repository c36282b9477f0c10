import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Call } from '@/api/types'
import { nothing } from '@/live/state'
import { store } from '@/live/store'
import { patience } from '@/test/patience'
import { Variables } from './Variables'

vi.mock('@/ui/notice', () => ({ notify: vi.fn() }))
vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))

beforeEach(() => {
  localStorage.clear()
  store.set({ ...nothing, link: 'live' })
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

test('what is typed while the data are being saved is not lost (C18)', async () => {
  let answer: (r: Response) => void = () => undefined
  const fetched = vi.fn(() => new Promise<Response>((done) => (answer = done)))
  vi.stubGlobal('fetch', fetched)
  const of = (name: string) => ({ name, label: name, type: 'string', value: '', version: 1, editable: true, secure: false })
  render(<Variables call={{ id: 'c1', variables: [of('city'), of('street')] } as unknown as Call} />)
  const field = (name: string) => screen.getByRole<HTMLInputElement>('textbox', { name })
  fireEvent.change(field('city'), { target: { value: 'Berlin' } })
  fireEvent.click(screen.getByRole('button', { name: 'data.save' }))
  await act(() => vi.waitFor(() => expect(fetched).toHaveBeenCalled(), patience))
  fireEvent.change(field('street'), { target: { value: 'Unter den Linden' } })
  await act(async () => {
    answer(new Response('{}', { status: 200, headers: { 'Content-Type': 'application/json' } }))
    await vi.waitFor(() => expect(localStorage.getItem('tandem.draft.c1') ?? '').not.toContain('Berlin'), patience)
  })
  expect(field('street').value).toBe('Unter den Linden')
})

test('a secure value that is being typed is not kept in the browser in clear (C18)', () => {
  const call = { id: 'c1', variables: [{ name: 'iban', label: 'IBAN', type: 'string', value: '', version: 1, editable: true, secure: true }] } as unknown as Call
  render(<Variables call={call} />)
  fireEvent.change(screen.getByRole('textbox', { name: 'IBAN' }), { target: { value: 'DE02120300000000202051' } })
  expect(JSON.stringify(Object.keys(localStorage).map((k) => localStorage.getItem(k)))).not.toContain('DE02120300000000202051')
})
