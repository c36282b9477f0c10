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

/** Those of what outlives its call while a follow-up of it is being written. */
const ofFollowUps = ['who.', 'task.', 'due.']

/** The rest of the keys under which something is remembered that begin so, in order. */
export function remembered(prefix: string): string[] {
  const name = `tandem.${prefix}`
  const names = Object.keys(localStorage).filter((k) => k.startsWith(name))
  return names.map((k) => k.slice(name.length)).sort()
}

/** Forgets what was typed and seen of all calls, and by whom. */
export function forgetDrafts() {
  localStorage.removeItem(writer)
  forget(() => false)
}

/** Whose the drafts are: the id of who signed in here last, and has not signed out. */
const writer = 'tandem.drafts-of'

/** Drafts are kept for who wrote them, should their session end and be begun again. Those of somebody else, or of nobody knows whom, are forgotten. */
export function keepDraftsOf(user: string) {
  if (localStorage.getItem(writer) === user) return
  forgetDrafts()
  localStorage.setItem(writer, user)
}

/** Forgets what was typed and seen of calls that are over and done. A follow-up that nobody has noted yet stays: the time of a wrap-up may run out over it. */
export function forgetDone(inHand: (call: string) => boolean) {
  forget((call, kind) => inHand(call) || (ofFollowUps.includes(kind) && Boolean(localStorage.getItem(`tandem.task.${call}`)?.trim())))
}

function forget(keep: (call: string, kind: string) => boolean) {
  for (const name of Object.keys(localStorage)) {
    const kind = ofCalls.find((k) => name.startsWith(`tandem.${k}`))
    if (kind && !keep(name.slice(`tandem.${kind}`.length), kind)) localStorage.removeItem(name)
  }
}
