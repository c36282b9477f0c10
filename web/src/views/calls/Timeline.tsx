import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import type { Entry } from '@/api/types'
import { useDates } from '@/i18n/dates'
import { backOff, clock } from '@/live/clock'
import { useLive } from '@/live/store'
import { classes } from '@/ui/classes'
import { useAgentName, usePlaceName } from '@/views/desk/names'
import css from './Timeline.module.css'

/** What the reader of a call's story wants to be told; the rest is for those who look after the switch. */
const told = [
  'call.arrived',
  'call.refused',
  'call.queued',
  'call.left_queue',
  'offer.made',
  'offer.ended',
  'call.connected',
  'call.held',
  'call.resumed',
  'call.muted',
  'call.unmuted',
  'call.transferred',
  'transfer.failed',
  'consult.started',
  'consult.answered',
  'consult.ended',
  'conference.joined',
  'conference.left',
  'participant.held',
  'participant.resumed',
  'owner.changed',
  'call.post_call',
  'call.outside',
  'outside.dialled',
  'call.variables',
  'talk.ended',
  'call.closed',
  'wrapup.started',
  'wrapup.extended',
  'wrapup.done',
  'recording.started',
  'recording.paused',
  'recording.resumed',
  'recording.stopped',
  'recording.discarded',
] as const

type Told = (typeof told)[number]

const failures = new Set(['call.refused', 'call.left_queue', 'transfer.failed', 'offer.ended'])

function isTold(kind: string): kind is Told {
  return (told as readonly string[]).includes(kind)
}

/** The story of a call (R6), going on or over: what happened when, and why. A call that goes on is followed. */
export function Timeline({ call }: { call: string }) {
  const { t } = useTranslation('calls')
  // The stream tells when there is something new; the story itself has all of it, in order, and is written a moment later.
  const news = useLive((l) => l.entries.findLast((e) => e.call === call))
  const asked = useRef(0) // times since the news
  const { data, refetch } = useQuery({
    queryKey: ['timeline', call],
    queryFn: () => {
      asked.current++
      return ask(api.GET('/api/v1/calls/{id}/timeline', { params: { path: { id: call } } }))
    },
    refetchInterval: ({ state }) => (news && !state.data?.items.some((i) => i.entry.kind === news.kind && i.entry.at === news.at) ? backOff(asked.current) : false),
  })
  useEffect(() => {
    asked.current = 0
    if (news) void refetch()
  }, [news, refetch])
  const lines = data?.items.filter((i) => isTold(i.entry.kind) && !(i.entry.kind === 'offer.ended' && i.entry.reason === 'answered')) ?? []
  if (!data) return null
  return (
    <ol className={css.story} aria-label={t('timeline.title')}>
      {lines.map((i) => (
        <Line key={`${i.seq} ${i.index}`} entry={i.entry} />
      ))}
    </ol>
  )
}

function Line({ entry: e }: { entry: Entry }) {
  const { t } = useTranslation('calls')
  const dates = useDates()
  const agent = useAgentName()
  const place = usePlaceName()
  if (!isTold(e.kind)) return null
  const notes = [e.agent && agent(e.agent), ...why(), e.duration !== undefined && e.duration >= 1 && e.kind !== 'wrapup.started' && clock(e.duration)].filter(Boolean)

  /** What an entry adds to who and how long; the same words mean other things in other entries. */
  function why(): (string | undefined)[] {
    switch (e.kind) {
      case 'call.queued':
      case 'call.left_queue':
        return [e.queue && place('queue', e.queue), reason(e.reason)]
      case 'call.transferred':
      case 'consult.started':
        return [`→ ${target(e.reason, e.text ?? '')}`]
      case 'consult.answered':
        return []
      case 'call.variables':
        return [e.reason?.split(',').join(', ')]
      case 'wrapup.done':
        return [e.reason, e.text]
      case 'recording.started':
      case 'recording.stopped':
        return [e.text && t('recordingOfConsult'), reason(e.reason)]
      default:
        return [reason(e.reason), e.text]
    }
  }

  function target(kind: string | undefined, id: string): string {
    if (kind === 'agent') return agent(id)
    return kind === 'queue' || kind === 'entry_point' ? place(kind, id) : id
  }

  function reason(word: string | undefined): string | undefined {
    return word && t(`reason.${word}`, { defaultValue: word.replaceAll('_', ' ') })
  }

  return (
    <li className={css.line}>
      <time className={`digits ${css.time ?? ''}`} dateTime={e.at}>
        {dates.second(e.at)}
      </time>
      <span className={classes(css.what, failures.has(e.kind) && css.bad)}>
        {t(`entry.${keyOf(e.kind)}`)}
        {notes.length > 0 && <span className={css.note}> · {notes.join(' · ')}</span>}
      </span>
    </li>
  )
}

/** call.left_queue → callLeftQueue: a point in a key would mean something else. */
function keyOf(kind: Told) {
  return kind.replaceAll(/[._](\w)/g, (_, c: string) => c.toUpperCase()) as KeyOf<Told>
}

type Capital<S extends string> = S extends `${infer A}.${infer B}` ? `${A}${Capitalize<Capital<B>>}` : S extends `${infer A}_${infer B}` ? `${A}${Capitalize<Capital<B>>}` : S
type KeyOf<K extends string> = Capital<K>
