import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { api, ask } from '@/api/client'
import type { AgentView } from '@/api/types'
import { usePreference } from '@/app/preference'
import { serverNow } from '@/live/clock'
import { submitWrapUp } from './deeds'
import { useNotes } from './Notes'

/** So long before its end a wrap-up is submitted as it stands, milliseconds: the request has to be there in time. */
const early = 1500

/**
 * Submits what was chosen and written when the time of a wrap-up is about to run out (C19, C20): the timer of the server ends it without. Where the server would not take it,
 * for want of a reason, or it comes too late, the notes stay in this browser ({@link LeftNotes}).
 */
export function useHandOver(agent: AgentView | undefined) {
  const wrapUp = agent?.wrap_up
  const id = agent?.id ?? ''
  const call = wrapUp?.call ?? ''
  const [notes, setNotes] = useNotes(call)
  const [reason] = usePreference(`reason.${call}`, '')
  const { data } = useQuery({ queryKey: ['reasons'], queryFn: () => ask(api.GET('/api/v1/reasons')), staleTime: 60_000, enabled: wrapUp !== undefined })
  const queue = data?.queues.find((q) => q.queue === wrapUp?.queue)
  const isTaken = Boolean(reason) || (queue !== undefined && !queue.required && queue.wrap_up.length === 0)
  const until = wrapUp?.until
  const since = wrapUp?.since ?? ''
  const which = `${call} ${since}`
  const handed = useRef('') // a wrap-up is submitted once
  useEffect(() => {
    if (!until || handed.current === which || !isTaken || !(notes.trim() || reason)) return
    const timer = setTimeout(
      () => {
        handed.current = which
        submitWrapUp(id, { call, since }, reason, notes).then(
          () => setNotes((now) => (now === notes ? '' : now)),
          () => undefined, // another tab was faster, or the timer: what is here stays here
        )
      },
      Math.max(0, Date.parse(until) - serverNow() - early),
    )
    return () => clearTimeout(timer)
  }, [id, call, since, which, until, isTaken, notes, reason, setNotes])
}
