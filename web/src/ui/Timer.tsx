import { clock, useNow } from '@/live/clock'

/** How long it has been since then, counting on. */
export function Since({ at, className }: { at: string; className?: string }) {
  const now = useNow()
  const seconds = (now - Date.parse(at)) / 1000
  return (
    <time className={`digits ${className ?? ''}`} role="timer" aria-live="off" dateTime={`PT${Math.max(0, Math.floor(seconds))}S`}>
      {clock(seconds)}
    </time>
  )
}

/** How long it is until then, counting down to nothing. */
export function Until({ at, className }: { at: string; className?: string }) {
  const now = useNow()
  const seconds = Math.ceil((Date.parse(at) - now) / 1000)
  return (
    <time className={`digits ${className ?? ''}`} role="timer" aria-live="off" dateTime={`PT${Math.max(0, seconds)}S`}>
      {clock(seconds)}
    </time>
  )
}
