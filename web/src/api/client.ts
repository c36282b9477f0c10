import createClient, { type Middleware } from 'openapi-fetch'
import { noteServerTime } from '@/live/clock'
import { Problem } from './problem'
import type { paths } from './schema'

/** Set by the session: what goes along with everything but GET, and whom to tell that the server does not know us any more. */
export const credentials: { csrf: string; ended: () => void } = { csrf: '', ended: () => undefined }

/** A new Idempotency-Key. crypto.randomUUID is there on encrypted pages only, and a contact centre's own network often is not. */
export function deedKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}

/** How often, and after how many milliseconds, a request without an answer is sent again. */
const again = [300, 1000, 2500]

/**
 * A request that may be repeated is repeated where no answer came, or where the server says that it cannot right now. A POST has the same Idempotency-Key each time, so that
 * it happens once.
 */
async function persistent(request: Request): Promise<Response> {
  const repeatable = request.method === 'GET' || request.headers.has('Idempotency-Key')
  for (const wait of again) {
    try {
      const answer = await fetch(request.clone())
      if (answer.status !== 503 || !repeatable) return answer
    } catch (e) {
      if (!repeatable || request.signal.aborted) throw e
    }
    await new Promise((done) => setTimeout(done, wait))
  }
  return fetch(request)
}

const headers: Middleware = {
  onRequest({ request }) {
    if (request.method !== 'GET') {
      request.headers.set('X-CSRF-Token', credentials.csrf)
      // What has no body still has to say that it is JSON.
      if (request.method === 'POST' && !request.headers.has('Content-Type')) request.headers.set('Content-Type', 'application/json')
    }
    return request
  },
  onResponse({ request, response }) {
    noteServerTime(response.headers.get('Date'))
    if (response.status === 401 && !new URL(request.url).pathname.endsWith('/session')) credentials.ended()
    return response
  },
}

/** The API by its contract. Prefer {@link ask} and {@link deed}, which turn refusals into a {@link Problem}. */
export const api = createClient<paths>({ baseUrl: globalThis.location.origin, fetch: persistent })
api.use(headers)

type Answer<T> = { data?: T; error?: unknown; response: Response }

/** Waits for an answer of the API and gives what it holds; throws a {@link Problem}. */
export async function ask<T>(answer: Promise<Answer<T>>): Promise<T> {
  let got: Answer<T>
  try {
    got = await answer
  } catch (e) {
    if (e instanceof DOMException && e.name === 'AbortError') throw e
    throw new Problem(0, undefined)
  }
  if (!got.response.ok) {
    const after = Number(got.response.headers.get('Retry-After') ?? NaN)
    throw new Problem(got.response.status, got.error, Number.isNaN(after) ? undefined : after)
  }
  return got.data as T
}

/** The headers of a POST that shall happen once, however often it has to be sent. */
export function deed(): { 'Idempotency-Key': string } {
  return { 'Idempotency-Key': deedKey() }
}
