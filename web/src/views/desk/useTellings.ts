import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Consult, Entry } from '@/api/types'
import { store, useLive } from '@/live/store'
import { notify } from '@/ui/notice'
import { useConsultName } from './names'

/** How a consult ends that did not go as it was meant (C6). What the agent did themselves is not told to them. */
const failures = ['no_answer', 'declined', 'busy', 'unreachable', 'failed', 'withdrawn', 'consultant_left', 'lost_race'] as const

type Failure = (typeof failures)[number]

function isFailure(reason: string | undefined): reason is Failure {
  return (failures as readonly string[]).includes(reason ?? '')
}

/**
 * So long it is waited until a recording that broke off is told, milliseconds. Where a mix ends with its last member the recording breaks off just before the customer is told
 * to have gone, and that is no news; and by then it has begun again, or not.
 */
const settling = 2000

/** Lines of the timeline that came after the ones before. */
function fresh(before: readonly Entry[], now: readonly Entry[]): readonly Entry[] {
  const last = before.at(-1)
  return last ? now.slice(now.lastIndexOf(last) + 1) : now
}

/** Tells an agent what happens in their calls without their doing: a consult that failed, a transfer that came back, a recording that broke off. */
export function useTellings(agent: string) {
  const { t } = useTranslation('desk')
  const entries = useLive((l) => l.entries)
  const told = useRef(entries)
  const asked = useRef(new Map<string, Consult>())
  const nameOf = useConsultName()
  const settlings = useRef(new Set<ReturnType<typeof setTimeout>>())
  useEffect(() => {
    const all = settlings.current
    return () => {
      for (const s of all) clearTimeout(s)
    }
  }, [])
  useEffect(() => {
    /** The rules begin another recording, up to three times in a call; what breaks off while it is paused they leave at that. */
    function tellBrokeOff(id: string) {
      const call = store.get().calls.get(id)
      if (call?.primary !== agent || call.phase !== 'talking') return
      if (call.recording) notify('warn', t('tell.recording.broke_off'))
      else notify('bad', t('tell.recording.given_up'))
    }
    const news = fresh(told.current, entries)
    told.current = entries
    for (const e of news) {
      const call = e.call ? store.get().calls.get(e.call) : undefined
      const mine = call?.primary === agent
      if (e.kind === 'consult.ended' && mine && e.agent !== agent && isFailure(e.reason)) {
        // Who did not answer is not named by the entry; the consult, when it was still there, said who was asked.
        const was = e.call ? asked.current.get(e.call) : undefined
        const name = was ? nameOf(was) : t('tell.number')
        notify('warn', t(`tell.consult.${e.reason}`, { name }))
      }
      if (e.kind === 'transfer.failed' && mine) notify('warn', t('tell.transferFailed'))
      // That of a consult is marked by a text: what is said here is about the conversation with the customer.
      if (e.kind === 'recording.stopped' && call && mine && !e.text) {
        if (e.reason === 'failed' || e.reason === 'pause_unconfirmed') notify('bad', t(`tell.recording.${e.reason}`))
        if (e.reason === 'broke_off') {
          const s = setTimeout(() => {
            settlings.current.delete(s)
            tellBrokeOff(call.id)
          }, settling)
          settlings.current.add(s)
        }
      }
    }
    for (const call of store.get().calls.values()) if (call.consult) asked.current.set(call.id, call.consult)
  }, [entries, agent, t, nameOf])
}
