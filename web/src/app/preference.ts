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

/** Forgets what this browser remembers under keys that begin so, but for those that keep says. */
export function forget(prefix: string, keep: (rest: string) => boolean) {
  const begin = `tandem.${prefix}`
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(begin) && !keep(name.slice(begin.length))) localStorage.removeItem(name)
  }
}
