import { useEffect } from 'react'

/**
 * Keeps the screen awake while the view is open, where the browser can: it needs an encrypted page. The browser gives the lock back whenever the page is hidden, so it is
 * asked for again when it is seen again.
 */
export function useWakeLock() {
  useEffect(() => {
    if (!('wakeLock' in navigator)) return
    let gone = false
    let lock: WakeLockSentinel | undefined
    const take = async () => {
      if (document.visibilityState !== 'visible') return
      try {
        const taken = await navigator.wakeLock.request('screen')
        if (gone) await taken.release()
        else lock = taken
      } catch {
        // Refused, as on a battery that is low: the screen does as it always does.
      }
    }
    const seen = () => void take()
    seen()
    document.addEventListener('visibilitychange', seen)
    return () => {
      gone = true
      document.removeEventListener('visibilitychange', seen)
      void lock?.release()
    }
  }, [])
}
