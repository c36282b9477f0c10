import { useQuery } from '@tanstack/react-query'
import { PhoneOutgoing, Server } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import { Page } from '@/app/Page'
import { useLive } from '@/live/store'
import { Card, Empty } from '@/ui/Card'
import { Since } from '@/ui/Timer'
import { LinkButton } from './LinkButton'
import { useScope } from './setup'
import { Tag } from '@/ui/Tag'
import css from './Views.module.css'

/** The switches and how they are, live; and the trunks by which tenants call out. */
export function Switches() {
  const { t } = useTranslation('admin')
  const scope = useScope()
  const live = useLive((l) => l.engines)
  const calls = useLive((l) => l.calls)
  const { data } = useQuery({ queryKey: ['admin', 'engines'], queryFn: () => ask(api.GET('/api/v1/engines')), refetchInterval: 20_000 })
  const engines = (data?.items ?? []).map((e) => ({ ...e, ...live.get(e.id), kind: e.kind, version: e.version }))
  const trunks = scope.tenants.filter((x) => x.dialling?.trunk)
  return (
    <Page title={t('switches.title')}>
      <p className={css.about}>{t('switches.about')}</p>
      {engines.length === 0 && data && <Empty icon={Server} title={t('switches.none')} />}
      <div className={css.grid}>
        {engines.map((e) => (
          <Card key={e.id} title={e.id} aside={<Tag tone={e.up ? 'good' : 'bad'}>{t(e.up ? 'switches.up' : 'switches.down')}</Tag>}>
            <dl className={css.facts}>
              <dt>{t('switches.kind')}</dt>
              <dd>{[e.kind, e.version].filter(Boolean).join(' ') || '–'}</dd>
              <dt>{t(e.up ? 'switches.upFor' : 'switches.downFor')}</dt>
              <dd>{e.since ? <Since at={e.since} /> : t('switches.never')}</dd>
            </dl>
          </Card>
        ))}
      </div>
      {engines.length > 0 && <p className={css.soft}>{t('switches.calls', { count: calls.size })}</p>}
      <Card title={t('switches.trunks')}>
        <p className={css.about}>{t('switches.trunksText')}</p>
        {trunks.length === 0 && <p className={css.soft}>{t('switches.noTrunks')}</p>}
        {trunks.map((x) => {
          const look = { label: x.dialling?.trunk ?? '', icon: <PhoneOutgoing size={15} aria-hidden />, text: true }
          return (
            <div key={x.id} className={css.line}>
              {scope.isSite ? <LinkButton to="/admin/$kind/$id" params={{ kind: 'tenants', id: x.id }} {...look} /> : <LinkButton to="/admin/settings" {...look} />}
              <span className={css.soft}>{[x.name, x.dialling?.shown].filter(Boolean).join(' · ')}</span>
            </div>
          )
        })}
      </Card>
    </Page>
  )
}
