/** A line in the corner that goes away by itself: something was done, or was not. */
export interface Notice {
  id: number
  tone: 'good' | 'warn' | 'bad'
  text: string
}

let next = 1
let notices: readonly Notice[] = []
const listeners = new Set<() => void>()

function set(to: readonly Notice[]) {
  notices = to
  for (const l of listeners) l()
}

export const board = {
  get: () => notices,
  subscribe: (l: () => void) => {
    listeners.add(l)
    return () => listeners.delete(l)
  },
}

/** Shows a notice. The same text is not shown twice at once. */
export function notify(tone: Notice['tone'], text: string) {
  if (notices.some((n) => n.text === text)) return
  const id = next++
  set([...notices.slice(-3), { id, tone, text }])
  setTimeout(() => dismiss(id), tone === 'good' ? 4000 : 9000)
}

export function dismiss(id: number) {
  set(notices.filter((n) => n.id !== id))
}
