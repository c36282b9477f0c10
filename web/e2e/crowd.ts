/**
 * A house of a size that nobody can play with phones: agents, calls and changes without end, in place of the event stream. It runs in the page, before the app, so it can
 * use nothing from outside itself. For measuring only; what the boards show is proved with real calls.
 */
export function crowd({ agents, calls, every }: { agents: number; calls: number; every: number }) {
  const states = ['available', 'engaged', 'engaged', 'wrap_up', 'idle', 'offline']
  const at = (ago: number) => new Date(Date.now() - ago * 1000).toISOString()
  const agent = (i: number, state = states[i % states.length], ago = i % 900) => ({
    id: `agent-${i}`,
    tenant: 'acme',
    name: `Agent ${String(i).padStart(3, '0')}`,
    phone: String(1000 + i),
    teams: [i % 2 ? 'north' : 'south'],
    state,
    state_cause: 'agent',
    since: at(ago),
    misses: 0,
    answered: i % 30,
    talked_seconds: 60 * (i % 30),
    ...(state === 'engaged' ? { call: `call-${i % calls}` } : {}),
  })
  const call = (i: number, ago = i * 3) => ({
    id: `call-${i}`,
    tenant: 'acme',
    engine: 'asterisk',
    from: `+4917${String(1000000 + i)}`,
    to: '+4930100',
    priority: 0,
    phase: i % 3 ? 'talking' : 'waiting',
    phase_since: at(ago),
    arrived_at: at(ago + 5),
    queued_at: at(ago),
    queue: `queue-${i % 12}`,
    held: false,
    muted: false,
    participants: i % 3 ? [{ leg: `leg-${i}`, role: 'agent', agent: `agent-${i}`, primary: true, ringing: false, held: false, muted: false }] : [],
  })
  const queue = (i: number, waiting = 3) => ({ id: `queue-${i}`, tenant: 'acme', name: `Queue ${i}`, strategy: 'longest_idle', waiting, free: 0, oldest: `call-${i * 3}` })
  const upTo = <T>(n: number, make: (i: number) => T) => Array.from({ length: n }, (_, i) => make(i))

  const encoder = new TextEncoder()
  const real = globalThis.fetch
  globalThis.fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input)
    if (!url.includes('/api/v1/events')) return real(input, init)
    let position = 1
    let timer: ReturnType<typeof setInterval>
    const body = new ReadableStream<Uint8Array>({
      start(to) {
        const send = (kind: string, data: object) => to.enqueue(encoder.encode(`event: ${kind}\nid: ${position}\ndata: ${JSON.stringify(data)}\n\n`))
        send('snapshot', { position, agents: upTo(agents, (i) => agent(i)), calls: upTo(calls, (i) => call(i)), queues: upTo(12, (i) => queue(i)), engines: [] })
        timer = setInterval(() => {
          position++
          const i = (position * 7) % agents
          send('change', { position, agents: [agent(i, states[position % states.length], 0)], calls: [call(position % calls, 0)], queues: [queue(position % 12, position % 7)] })
        }, every)
      },
      cancel() {
        clearInterval(timer)
      },
    })
    return Promise.resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }))
  }
}
