import { useCallback, useEffect, useState, useSyncExternalStore } from 'react'

/**
 * Something this browser remembers: a draft, a choice. All tabs see it. What another tab writes arrives by the storage event; within a tab we tell ourselves.
 */
const listeners = new Set<() => void>()

globalThis.addEventListener('storage', () => {
  for (const l of listeners) l()
})

/** What is not for others who use this computer is kept in the tab's memory only: a reload forgets it. */
const memory = new Map<string, string>()

const inMemory = {
  getItem: (name: string) => memory.get(name) ?? null,
  setItem: (name: string, value: string) => void memory.set(name, value),
  removeItem: (name: string) => void memory.delete(name),
}

/** The value, or what makes it of the one that there is at that moment: others may have written since this view was drawn. */
export type Change = string | ((now: string) => string)

export function usePreference(key: string, byDefault: string): [string, (value: Change) => void] {
  return useKept(localStorage, key, byDefault)
}

/** The same for a secret: only this tab knows it, and not longer than it is open. */
export function useSecret(key: string, byDefault: string): [string, (value: Change) => void] {
  return useKept(inMemory, key, byDefault)
}

function useKept(where: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>, key: string, byDefault: string): [string, (value: Change) => void] {
  const name = `tandem.${key}`
  const value = useSyncExternalStore(
    (l) => {
      listeners.add(l)
      return () => listeners.delete(l)
    },
    () => where.getItem(name) ?? byDefault,
  )
  const set = useCallback(
    (change: Change) => {
      const v = typeof change === 'string' ? change : change(where.getItem(name) ?? byDefault)
      if (v === byDefault) where.removeItem(name)
      else where.setItem(name, v)
      for (const l of listeners) l()
    },
    [where, name, byDefault],
  )
  return [value, set]
}

/** What is kept of a call until its work is done: the key is one of these and the call's id. */
const ofCalls = ['notes.', 'draft.', 'reason.', 'who.', 'task.', 'due.', 'deed.']

/** What outlives its call while something else of the call that nobody has taken is there: a follow-up or notes, and whom they are about. The time of a wrap-up may run out over them. */
const outlives: Record<string, string[]> = { 'task.': ['task.'], 'due.': ['task.'], 'deed.': ['task.'], 'notes.': ['notes.'], 'who.': ['task.', 'notes.'] }

/** The rest of the keys under which something is remembered that begin so, in order. */
export function remembered(prefix: string): string[] {
  const name = `tandem.${prefix}`
  const names = Object.keys(localStorage).filter((k) => k.startsWith(name))
  return names.map((k) => k.slice(name.length)).sort()
}

/**
 * The same, as it is when a view comes up and as other tabs change it: what is forgotten there goes, what is written there comes. What this tab empties stays, because it may be
 * being written anew; with the function it goes, too.
 */
export function useRemembered(prefix: string): [string[], (rest: string) => void] {
  const [all, setAll] = useState(() => remembered(prefix))
  useEffect(() => {
    const name = `tandem.${prefix}`
    const heard = (e: StorageEvent) => {
      if (e.key === null) setAll(remembered(prefix)) // all was forgotten
      if (!e.key?.startsWith(name)) return
      const rest = e.key.slice(name.length)
      setAll((had) => {
        const others = had.filter((x) => x !== rest)
        return e.newValue ? [...others, rest].sort() : others
      })
    }
    globalThis.addEventListener('storage', heard)
    return () => globalThis.removeEventListener('storage', heard)
  }, [prefix])
  const drop = useCallback((rest: string) => setAll((had) => had.filter((x) => x !== rest)), [])
  return [all, drop]
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

/** Forgets what was typed and seen of calls that are over and done, but for what nobody has taken yet. */
export function forgetDone(inHand: (call: string) => boolean) {
  forget((call, kind) => inHand(call) || (outlives[kind] ?? []).some((k) => localStorage.getItem(`tandem.${k}${call}`)?.trim()))
}

function forget(keep: (call: string, kind: string) => boolean) {
  for (const name of [...Object.keys(localStorage), ...memory.keys()]) {
    const kind = ofCalls.find((k) => name.startsWith(`tandem.${k}`))
    if (!kind || keep(name.slice(`tandem.${kind}`.length), kind)) continue
    localStorage.removeItem(name)
    memory.delete(name)
  }
  for (const l of listeners) l()
}
