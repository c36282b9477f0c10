import { useQuery } from '@tanstack/react-query'
import { BellRing, CircleCheck, Lock } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import type { Call, Explanation } from '@/api/types'
import { classes } from '@/ui/classes'
import { Until } from '@/ui/Timer'
import { AgentName } from './Marks'
import css from './Why.module.css'

/** Gates open and shut with every agent's doings; milliseconds. */
const fresh = 2000

/** Why nobody rings for a waiting call (Q9): what holds for all, and for each agent of the queue the first thing in the way. */
export function Why({ call }: { call: Call }) {
  const { t } = useTranslation('supervisor')
  const { data } = useQuery({
    queryKey: ['explain', call.id],
    queryFn: () => ask(api.GET('/api/v1/calls/{id}/explain', { params: { path: { id: call.id } } })),
    refetchInterval: fresh,
    staleTime: 0,
  })
  if (!data || data.reason === 'not_waiting') return null
  return (
    <section className={css.why}>
      <h3>{t('why.title')}</h3>
      {data.position > 0 && <p className={css.soft}>{t('why.place', { position: data.position })}</p>}
      {data.reason && <p className={css.reason}>{t(`why.reason.${data.reason}` as 'why.reason.no_members', { defaultValue: data.reason })}</p>}
      <ul aria-label={t('why.title')}>
        {data.agents.map((a) => (
          <Gate key={a.agent} of={a} />
        ))}
      </ul>
    </section>
  )
}

function Gate({ of: g }: { of: Explanation['agents'][number] }) {
  const { t } = useTranslation('supervisor')
  const open = g.gate === 'ringing' || g.gate === 'next'
  const Icon = g.gate === 'ringing' ? BellRing : open ? CircleCheck : Lock
  return (
    <li className={css.gate} data-gate={g.gate}>
      <Icon size={16} className={classes(open ? css.open : css.shut)} aria-hidden />
      <span>
        <strong>
          <AgentName id={g.agent} />
        </strong>{' '}
        {/* What we have no words for, the server says in its own. */}
        {t(`why.gate.${g.gate}` as 'why.gate.idle', { defaultValue: g.text })}
      </span>
      {g.until && (
        <span className={css.soft}>
          {t('why.opens')} <Until at={g.until} />
        </span>
      )}
    </li>
  )
}
