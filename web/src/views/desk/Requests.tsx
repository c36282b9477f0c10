import { useQuery } from '@tanstack/react-query'
import { BellRing, UsersRound } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import type { Call } from '@/api/types'
import { useNow } from '@/live/clock'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { Until } from '@/ui/Timer'
import { decline } from './deeds'
import { useCustomer } from './names'
import { ringOf } from './tasks'
import css from './Requests.module.css'

/** How many requests are shown at once (Q12). */
export const mostShown = 5

/** What rings at my phone, the earliest on top; over everything else, in whatever view (C1, C2). */
export function Requests({ agent, ringing }: { agent: string; ringing: readonly Call[] }) {
  const { t } = useTranslation('desk')
  const shown = ringing.slice(0, mostShown)
  return (
    <section className={css.stack} aria-label={t('request.label')} aria-live="assertive">
      {ringing.length > 1 && <span className={css.count}>{t('request.count', { shown: shown.length, of: ringing.length })}</span>}
      {shown.map((call) => (
        <Request key={`${call.id} ${ringOf(call, agent)?.leg}`} agent={agent} call={call} />
      ))}
    </section>
  )
}

function Request({ agent, call }: { agent: string; call: Call }) {
  const { t } = useTranslation('desk')
  const live = useLive((l) => l.link === 'live')
  const customer = useCustomer()
  const ring = ringOf(call, agent)
  const since = ring?.since ?? call.arrived_at
  // The server says what may be shown before the call is answered: a part of the number where the tenant protects it, never a secure value.
  const { data: offer } = useQuery({
    queryKey: ['offer', agent, call.id, since],
    queryFn: () => ask(api.GET('/api/v1/agents/{id}/offer', { params: { path: { id: agent } } })),
    staleTime: Infinity,
  })
  const mine = offer?.call === call.id ? offer : undefined
  const until = mine?.until ?? ring?.until
  const isConsult = ring?.isConsult ?? mine?.kind === 'consult'
  const who = customer({ from: mine ? (mine.from ?? '') : call.from, ...((mine?.name ?? call.name) ? { name: mine?.name ?? call.name ?? '' } : {}) })
  const Icon = isConsult ? UsersRound : BellRing
  return (
    <article className={css.request} data-testid="request">
      <p className={css.head}>
        <Icon size={17} aria-hidden />
        {isConsult ? t('request.consult') : t('request.inbound')}
        {until && <Until at={until} />}
      </p>
      {mine?.by ? (
        <>
          <p className={css.who}>{mine.by.name}</p>
          <p className={css.sub}>{[mine.by.phone, ...(mine.by.teams ?? [])].join(' · ')}</p>
        </>
      ) : (
        <>
          <p className={css.who}>{who.title}</p>
          <p className={css.sub}>{[who.detail, mine?.queue_name].filter(Boolean).join(' · ')}</p>
        </>
      )}
      {mine && mine.variables.length > 0 && (
        <dl className={css.values}>
          {mine.variables.map((v) => (
            <div key={v.name}>
              <dt>{v.label}</dt>
              <dd>{v.value || '–'}</dd>
            </div>
          ))}
        </dl>
      )}
      {until && <Bar since={since} until={until} />}
      <div className={css.foot}>
        <span className={css.sub}>{t('request.answer')}</span>
        <Button onPress={() => void decline(agent, call.id, ring?.leg)} isDisabled={!live} aria-keyshortcuts="D">
          {t('request.decline')}
        </Button>
      </div>
    </article>
  )
}

/** The ring time that is left, to be seen from the corner of an eye. */
function Bar({ since, until }: { since: string; until: string }) {
  const now = useNow()
  const all = Date.parse(until) - Date.parse(since)
  const left = all > 0 ? Math.min(1, Math.max(0, (Date.parse(until) - now) / all)) : 0
  return (
    <div className={css.bar} aria-hidden>
      <div style={{ width: `${left * 100}%` }} />
    </div>
  )
}
