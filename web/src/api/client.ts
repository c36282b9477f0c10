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

/** So long it is waited for a deed that the server is still doing, milliseconds from the first try. */
const patience = 20_000

/**
 * A request that may be repeated is repeated where no answer came, or where the server says that it cannot right now. A POST has the same Idempotency-Key each time, so that
 * it happens once; while the first one is still being carried out, its answer is waited for.
 */
async function persistent(request: Request): Promise<Response> {
  const repeatable = request.method === 'GET' || request.headers.has('Idempotency-Key')
  const until = Date.now() + patience
  for (let tries = 0; ; ) {
    let wait = again[tries]
    try {
      const answer = await fetch(request.clone())
      if (repeatable && (await isUnderWay(answer))) {
        wait = 1000 * (secondsUntil(answer) ?? 1)
        if (Date.now() + wait > until) return answer
      } else if (repeatable && answer.status === 503 && wait !== undefined) tries++
      else return answer
    } catch (e) {
      if (!repeatable || request.signal.aborted || wait === undefined) throw e
      tries++
    }
    await new Promise((done) => setTimeout(done, wait))
  }
}

/** Reports whether a request with this key came before and has no answer yet. */
async function isUnderWay(answer: Response): Promise<boolean> {
  if (answer.status !== 409) return false
  const body: unknown = await answer.clone().json().catch(() => undefined)
  return new Problem(answer.status, body).code === 'in_progress'
}

/** After how many seconds the server wants to be asked again. */
function secondsUntil(answer: Response): number | undefined {
  const after = answer.headers.get('Retry-After')
  return after === null || Number.isNaN(Number(after)) ? undefined : Number(after)
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
    throw new Problem(got.response.status, got.error, secondsUntil(got.response))
  }
  return got.data as T
}

/** The headers of a POST that shall happen once, however often it has to be sent. Whoever asks for it again after an answer that left it open gives the key of the first time. */
export function deed(key = deedKey()): { 'Idempotency-Key': string } {
  return { 'Idempotency-Key': key }
}
