import { useCallback, useRef, useSyncExternalStore } from 'react'
import { nothing, type Live } from './state'

/** The one place where live data is. The stream writes it, views read it with {@link useLive}. */
class LiveStore {
  private live: Live = nothing
  private listeners = new Set<() => void>()

  get = (): Live => this.live

  set(next: Live) {
    if (next === this.live) return
    this.live = next
    for (const l of this.listeners) l()
  }

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }
}

export const store = new LiveStore()

/**
 * A part of the live data. The view is drawn again when the part is another one; for parts that are made anew each time (filtered lists) use {@link sameItems} as `equal`.
 */
export function useLive<T>(part: (live: Live) => T, equal: (a: T, b: T) => boolean = Object.is): T {
  const last = useRef<{ of: Live; part: typeof part; value: T } | undefined>(undefined)
  const read = useCallback(() => {
    const of = store.get()
    const had = last.current
    if (had?.of === of && had.part === part) return had.value
    const value = part(of)
    const kept = had && equal(had.value, value) ? had.value : value
    last.current = { of, part, value: kept }
    return kept
  }, [part, equal])
  return useSyncExternalStore(store.subscribe, read)
}

/** Two lists are the same if they hold the same objects in the same order. */
export function sameItems<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, i) => Object.is(item, b[i]))
}
