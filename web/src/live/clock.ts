import { useEffect, useState } from 'react'

/**
 * Timers count from times that the server told, so they have to count by the server's clock: a browser whose clock is a minute off would show a caller who has waited for
 * a minute less than none. The Date header has whole seconds only, so smaller differences are left alone.
 */
let ahead = 0 // milliseconds that the server is ahead of this browser

export function noteServerTime(date: string | null) {
  if (!date) return
  const server = Date.parse(date)
  if (Number.isNaN(server)) return
  const difference = server + 500 - Date.now()
  ahead = Math.abs(difference) > 2000 ? difference : 0
}

/** The server's time, milliseconds. */
export function serverNow(): number {
  return Date.now() + ahead
}

/** Everything on the page that counts seconds moves at the same moment. */
const listeners = new Set<() => void>()
let ticking: ReturnType<typeof setInterval> | undefined

/** The server's time, fresh every second. */
export function useNow(): number {
  const [now, setNow] = useState(serverNow)
  useEffect(() => {
    const tick = () => setNow(serverNow())
    listeners.add(tick)
    ticking ??= setInterval(() => {
      for (const l of listeners) l()
    }, 1000)
    return () => {
      listeners.delete(tick)
      if (listeners.size === 0) {
        clearInterval(ticking)
        ticking = undefined
      }
    }
  }, [])
  return now
}

/** How long to wait, milliseconds, until something that is about to be there is asked for again, asked for so many times: soon at first, and ever longer. */
export function backOff(asked: number): number {
  return Math.min(250 * 2 ** asked, 30_000)
}

/** 0:05, 12:34, 1:02:03; of seconds, never negative. */
export function clock(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds))
  const h = Math.floor(s / 3600)
  const m = Math.floor((s % 3600) / 60)
  const ss = String(s % 60).padStart(2, '0')
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${ss}` : `${m}:${ss}`
}
