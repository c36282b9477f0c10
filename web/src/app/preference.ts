import { useCallback, useSyncExternalStore } from 'react'

/**
 * Something this browser remembers: a draft, a choice. All tabs see it. What another tab writes arrives by the storage event; within a tab we tell ourselves.
 */
const listeners = new Set<() => void>()

globalThis.addEventListener('storage', () => {
  for (const l of listeners) l()
})

export function usePreference(key: string, byDefault: string): [string, (value: string) => void] {
  const name = `tandem.${key}`
  const value = useSyncExternalStore(
    (l) => {
      listeners.add(l)
      return () => listeners.delete(l)
    },
    () => localStorage.getItem(name) ?? byDefault,
  )
  const set = useCallback(
    (v: string) => {
      if (v === byDefault) localStorage.removeItem(name)
      else localStorage.setItem(name, v)
      for (const l of listeners) l()
    },
    [name, byDefault],
  )
  return [value, set]
}

/** What is kept of a call until its work is done: the key is one of these and the call's id. */
const ofCalls = ['notes.', 'draft.', 'reason.', 'who.', 'task.', 'due.']

/** Forgets what was typed and seen of calls, but for those that keep names. */
export function forgetDrafts(keep: (call: string) => boolean) {
  for (const name of Object.keys(localStorage)) {
    const kind = ofCalls.find((k) => name.startsWith(`tandem.${k}`))
    if (kind && !keep(name.slice(`tandem.${kind}`.length))) localStorage.removeItem(name)
  }
}
