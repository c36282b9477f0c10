/** One event of a stream of Server-Sent Events. */
export interface StreamEvent {
  kind: string
  id: string
  data: string
}

/**
 * Takes pieces of text as they come and gives the events that are whole. Our own, because the browser's EventSource hides two things that we need: the status of a
 * refusal (signed out, or just a restart?) and the comments that prove that the line is alive.
 */
export class EventReader {
  private rest = ''
  private kind = ''
  private id = ''
  private data: string[] = []

  read(piece: string): StreamEvent[] {
    const events: StreamEvent[] = []
    const lines = (this.rest + piece).split('\n')
    this.rest = lines.pop() ?? ''
    for (const raw of lines) {
      const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw
      if (line === '') {
        if (this.data.length > 0) events.push({ kind: this.kind || 'message', id: this.id, data: this.data.join('\n') })
        this.kind = ''
        this.data = []
        continue
      }
      const colon = line.indexOf(':')
      if (colon === 0) continue // a comment: the line is alive
      const field = colon < 0 ? line : line.slice(0, colon)
      const value = colon < 0 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1))
      if (field === 'event') this.kind = value
      else if (field === 'id') this.id = value
      else if (field === 'data') this.data.push(value)
    }
    return events
  }
}
