import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, assert, expect, test, vi } from 'vitest'
import '@/test/patience'
import { ImportDialog } from './ImportDialog'

vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en' } }) }))

afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

// The server tells that a file is not UTF-8; read as text here, it would have been so by then, with other characters.
test('a file arrives byte by byte, in whichever encoding it is', async () => {
  vi.stubGlobal('CSS', { escape: (s: string) => s }) // missing in jsdom
  const sent: Uint8Array[] = []
  vi.stubGlobal('fetch', async (r: Request) => {
    sent.push(new Uint8Array(await r.arrayBuffer()))
    return Response.json({ error: { code: 'malformed', message: 'the file is not UTF-8' } }, { status: 400 })
  })
  const { baseElement } = render(<ImportDialog of="teams" title="Teams" onClose={() => undefined} />, {
    wrapper: ({ children }) => <QueryClientProvider client={new QueryClient()}>{children}</QueryClientProvider>,
  })
  const bytes = Uint8Array.of(0x69, 0x64, 0x0a, 0xfc, 0x0a) // ü as spreadsheets under Windows write it
  const chooser = baseElement.querySelector('input[type=file]')
  assert(chooser)
  fireEvent.change(chooser, { target: { files: [{ name: 'teams.csv', arrayBuffer: () => Promise.resolve(bytes.buffer) }] } })
  expect(await screen.findByText('the file is not UTF-8')).toBeTruthy()
  expect(sent[0]).toEqual(bytes)
})
