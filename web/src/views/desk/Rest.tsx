import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import type { AgentView } from '@/api/types'
import { setState } from '@/app/AgentBar'
import { useDates } from '@/i18n/dates'
import { backOff, clock } from '@/live/clock'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { StateMark } from '@/ui/State'
import { Since } from '@/ui/Timer'
import { FollowUps } from './FollowUps'
import { LeftNotes } from './LeftNotes'
import { isMissing, lastClosed } from './latest'
import { useCustomer, usePlaceName } from './names'
import css from './Rest.module.css'

/** The desk between calls: how I am, what I may become, and how the day has been. */
export function Rest({ agent, ringing }: { agent: AgentView; ringing: boolean }) {
  const { t } = useTranslation('desk')
  const live = useLive((l) => l.link === 'live')
  const state = ringing ? 'reserved' : agent.state
  // The rules' own reasons are no breaks.
  const how = state === 'idle' && (agent.reason === 'declined' || agent.reason === 'phone_unreachable') ? agent.reason : state
  return (
    <div className={css.rest}>
      <section className={css.hero} aria-live="polite">
        <span className={css.mark}>
          <StateMark state={state} size={32} />
        </span>
        <h2>{t(`rest.${how}.title`)}</h2>
        <p>{t(`rest.${how}.text`)}</p>
        <Since at={agent.since} className={css.time ?? ''} />
        {state !== 'available' && state !== 'reserved' && (
          <div className={css.choices}>
            <Button look="primary" isDisabled={!live} onPress={() => void setState(agent.id, 'available')} aria-keyshortcuts="A">
              {t('rest.goAvailable')}
            </Button>
          </div>
        )}
      </section>
      <div className={css.columns}>
        <div className={css.rest}>
          <Card title={t('rest.figures')}>
            <dl className={css.figures}>
              <div>
                <dt>{t('rest.answered')}</dt>
                <dd className="digits">{agent.answered}</dd>
              </div>
              <div>
                <dt>{t('rest.talked')}</dt>
                <dd className="digits">{clock(agent.talked_seconds)}</dd>
              </div>
              <div>
                <dt>{t('rest.average')}</dt>
                <dd className="digits">{agent.answered > 0 ? clock(agent.talked_seconds / agent.answered) : '–'}</dd>
              </div>
            </dl>
          </Card>
          <LeftNotes />
          <FollowUps agent={agent.id} />
        </div>
        <Card title={t('rest.recent')}>
          <Recent agent={agent.id} answered={agent.answered} />
        </Card>
      </div>
    </div>
  )
}

/** How many of the latest calls are shown. */
const shown = 6

function Recent({ agent, answered }: { agent: string; answered: number }) {
  const { t } = useTranslation('desk')
  const dates = useDates()
  const customer = useCustomer()
  const place = usePlaceName()
  const closed = useLive((l) => lastClosed(l.entries, agent))
  const asked = useRef(0) // times since the last call was over
  const { data, refetch } = useQuery({
    queryKey: ['call-records', 'mine', agent],
    queryFn: () => {
      asked.current++
      return ask(api.GET('/api/v1/call-records', { params: { query: { agent, limit: shown } } }))
    },
    // The stream tells that a call is over; its record is written a moment later.
    refetchInterval: ({ state }) => (isMissing(closed, state.data?.items, shown) ? backOff(asked.current) : 30_000),
  })
  useEffect(() => {
    asked.current = 0
    void refetch()
  }, [refetch, closed, answered])
  if (!data) return null
  if (data.items.length === 0) return <p className={css.soft}>{t('rest.noCalls')}</p>
  return (
    <ul className={css.recent}>
      {data.items.map((r) => (
        <li key={r.call} className={css.row}>
          <span className={`digits ${css.soft ?? ''}`}>{dates.time(r.arrived_at)}</span>
          <span className={css.name}>
            {customer(r).title} <span className={css.soft}>{r.queue ? place('queue', r.queue) : r.entry_point ? place('entry_point', r.entry_point) : ''}</span>
          </span>
          <span className={`digits ${css.soft ?? ''}`}>{clock(r.talk + r.hold)}</span>
        </li>
      ))}
    </ul>
  )
}
