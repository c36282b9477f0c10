import type { Change, End, Snapshot } from '@/api/types'
import { noteServerTime } from './clock'
import { EventReader, type StreamEvent } from './sse'
import { nothing, withChange, withSnapshot, type Link, type Live } from './state'
import { store } from './store'

/** The server sends something at least every 15 s; after this long without, the line is dead even if nobody says so. Milliseconds. */
const silence = 25_000
/** How long to wait before the next try, milliseconds; the last one again and again. */
const waits = [0, 250, 500, 1000, 2000, 4000]

/**
 * Follows the event stream into the store, from when it is started until it is stopped. A line that breaks is shown at once and taken up again after the last position, at
 * once when the browser says that the network is back.
 */
export class LiveStream {
  private stopped = new AbortController()
  private line = new AbortController()
  private tries = 0
  private wake: () => void = () => undefined
  private readonly refused: () => void

  /** refused is called when the server does not know us any more; the stream has then ended. */
  constructor(refused: () => void) {
    this.refused = refused
  }

  start() {
    store.set({ ...nothing, linkSince: Date.now() })
    globalThis.addEventListener('offline', this.offline)
    globalThis.addEventListener('online', this.online)
    void this.follow()
  }

  stop() {
    this.stopped.abort()
    this.line.abort()
    this.wake()
    globalThis.removeEventListener('offline', this.offline)
    globalThis.removeEventListener('online', this.online)
  }

  private readonly offline = () => {
    this.line.abort()
    this.link('lost')
  }

  private readonly online = () => {
    this.tries = 0
    this.wake()
  }

  /** It can be stopped during any await. */
  private running(): boolean {
    return !this.stopped.signal.aborted
  }

  private link(link: Link) {
    const live = store.get()
    if (live.link !== link) store.set({ ...live, link, linkSince: Date.now() })
  }

  private async follow() {
    while (this.running()) {
      const wait = waits[Math.min(this.tries, waits.length - 1)] ?? 0
      // A little chance, so that a room full of browsers does not come back in the same moment.
      await this.pause(wait * (0.75 + Math.random() / 2))
      if (!this.running()) return
      this.tries++
      try {
        if ((await this.once()) === 'refused') {
          this.refused()
          return
        }
      } catch {
        // Whatever ended it: the way on is to connect again.
      }
      if (this.running()) this.link('lost')
    }
  }

  private pause(milliseconds: number): Promise<void> {
    if (milliseconds === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds)
      this.wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** One connection, until it ends. */
  private async once(): Promise<'ended' | 'refused'> {
    this.line = new AbortController()
    const { line } = this
    let watchdog = setTimeout(() => line.abort(), silence)
    try {
      const after = store.get().position
      const answer = await fetch(after === undefined ? '/api/v1/events' : `/api/v1/events?after=${after}`, {
        headers: { Accept: 'text/event-stream' },
        signal: line.signal,
        cache: 'no-store',
      })
      noteServerTime(answer.headers.get('Date'))
      if (answer.status === 401) return 'refused'
      if (!answer.ok || !answer.body) return 'ended'
      // A resumed stream need not begin with anything: it is live as soon as it stands.
      if (after !== undefined) this.link('live')
      this.tries = 1
      const reader = new EventReader()
      const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      for (;;) {
        const { done, value } = await pieces.read()
        if (done) return 'ended'
        clearTimeout(watchdog)
        watchdog = setTimeout(() => line.abort(), silence)
        if (this.take(reader.read(value)) === 'refused') return 'refused'
      }
    } finally {
      clearTimeout(watchdog)
      line.abort()
    }
  }

  /** Takes all that came in one piece, and shows it once. */
  private take(events: StreamEvent[]): 'refused' | undefined {
    let live: Live = store.get()
    for (const e of events) {
      switch (e.kind) {
        case 'snapshot':
          live = withSnapshot(live, JSON.parse(e.data) as Snapshot)
          if (live.link !== 'live') live = { ...live, link: 'live', linkSince: Date.now() }
          break
        case 'change':
          live = withChange(live, JSON.parse(e.data) as Change)
          break
        case 'end':
          if ((JSON.parse(e.data) as End).code === 'unauthorized') return 'refused'
          break
      }
    }
    store.set(live)
    return undefined
  }
}
