import { afterEach, expect, test, vi } from 'vitest'
import { api, ask, deed } from './client'

afterEach(() => vi.unstubAllGlobals())

test('a deed whose answer was lost while it was still being done is waited for, and no failure', async () => {
  const answers = [
    () => Promise.reject(new TypeError('network')),
    () => Promise.resolve(new Response(JSON.stringify({ error: { code: 'in_progress', message: 'is being carried out; ask again later' } }), { status: 409, headers: { 'Content-Type': 'application/json', 'Retry-After': '1' } })),
    () => Promise.resolve(new Response('{"command":"x","position":1}', { status: 200, headers: { 'Content-Type': 'application/json' } })),
  ]
  const keys: (string | null)[] = []
  vi.stubGlobal('fetch', (r: Request) => {
    keys.push(r.headers.get('Idempotency-Key'))
    return answers.shift()?.()
  })
  await ask(api.POST('/api/v1/calls/{id}/hold', { params: { path: { id: 'c' }, header: deed() }, body: {} }))
  expect(new Set(keys).size).toBe(1)
})
