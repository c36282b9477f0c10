import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { store } from './store'
import { LiveStream } from './stream'

/** A server that is asked for streams, and whose streams the test writes. */
class FakeServer {
  readonly asked: string[] = []
  private lines: { controller: ReadableStreamDefaultController<Uint8Array>; signal: AbortSignal }[] = []
  status = 200

  readonly fetch = (url: string, init: RequestInit): Promise<Response> => {
    this.asked.push(url)
    if (this.status === 0) return Promise.reject(new TypeError('no network'))
    if (this.status !== 200) return Promise.resolve(new Response('{}', { status: this.status }))
    const signal = init.signal ?? new AbortController().signal
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.lines.push({ controller, signal })
        signal.addEventListener('abort', () => {
          try {
            controller.error(new DOMException('aborted', 'AbortError'))
          } catch {
            // it has ended by itself
          }
        })
      },
    })
    return Promise.resolve(new Response(body, { status: 200 }))
  }

  send(kind: string, data: unknown) {
    this.lines.at(-1)?.controller.enqueue(new TextEncoder().encode(`event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`))
  }

  cut() {
    this.lines.at(-1)?.controller.close()
  }
}

const snapshot = (position: number) => ({ position, calls: [], agents: [], queues: [], engines: [] })

describe('the live stream', () => {
  let server: FakeServer
  let stream: LiveStream
  const refused = vi.fn()

  beforeEach(() => {
    server = new FakeServer()
    vi.stubGlobal('fetch', server.fetch)
    refused.mockReset()
    stream = new LiveStream(refused)
    stream.start()
  })

  afterEach(() => {
    stream.stop()
    vi.unstubAllGlobals()
  })

  // A deadline is only used up by what never comes.
  const awaits = (check: () => void) => vi.waitFor(check, { timeout: 20_000 })
  const link = (wanted: string) => awaits(() => expect(store.get().link).toBe(wanted))

  test('is live with the first snapshot', async () => {
    expect(store.get().link).toBe('connecting')
    await awaits(() => expect(server.asked).toEqual(['/api/v1/events']))
    server.send('snapshot', snapshot(5))
    await link('live')
    expect(store.get().position).toBe(5)
  })

  test('tells a lost line at once, and goes on after the last position', async () => {
    await awaits(() => expect(server.asked).toHaveLength(1))
    server.send('snapshot', snapshot(5))
    server.send('change', { position: 6 })
    await awaits(() => expect(store.get().position).toBe(6))
    server.cut()
    await link('lost')
    await awaits(() => expect(server.asked).toEqual(['/api/v1/events', '/api/v1/events?after=6']))
    await link('live')
  })

  test('believes the browser that the network is gone, and comes back with it', async () => {
    await awaits(() => expect(server.asked).toHaveLength(1))
    server.send('snapshot', snapshot(5))
    await link('live')
    server.status = 0
    globalThis.dispatchEvent(new Event('offline'))
    await link('lost')
    server.status = 200
    globalThis.dispatchEvent(new Event('online'))
    await link('live')
  })

  test('ends when the server does not know us any more', async () => {
    await awaits(() => expect(server.asked).toHaveLength(1))
    server.send('snapshot', snapshot(5))
    await link('live')
    server.send('end', { code: 'unauthorized', message: '' })
    await awaits(() => expect(refused).toHaveBeenCalledOnce())
    expect(server.asked).toHaveLength(1)
  })

  test('an end for another reason is a lost line', async () => {
    await awaits(() => expect(server.asked).toHaveLength(1))
    server.send('snapshot', snapshot(5))
    await link('live')
    server.send('end', { code: 'too_slow', message: '' })
    server.cut()
    await awaits(() => expect(server.asked).toHaveLength(2))
    expect(refused).not.toHaveBeenCalled()
  })
})
