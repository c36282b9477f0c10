import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, ask, deed } from '@/api/client'
import { Page } from '@/app/Page'
import { Card } from '@/ui/Card'
import { Chips } from './form/Chips'
import { ItemForm } from './Item'
import { LinkButton } from './LinkButton'
import { seen, type Kind } from './kinds/kind'
import { settings, tenants } from './kinds/tenants'
import { kinds } from './kinds'
import { useOptions, useScope } from './setup'
import css from './Views.module.css'

/** The tenant as one who sets up reasons has it: nothing else can be changed by mistake. */
const idle: Kind = {
  ...(tenants as unknown as Kind),
  operations: { create: '', replace: 'setIdleReasons', remove: '' },
  title: () => '',
  sections: settings.filter((s) => s.id === 'idle'),
  replace: async (row, body) =>
    (await ask(
      api.PUT('/api/v1/tenants/{id}/idle-reasons', { params: { path: { id: row.id }, header: { ...seen(row), ...deed() } }, body: { reasons: body.idle_reasons as string[] } }),
    )),
}

/** The words that agents choose from (Q2, C19): why they are idle, set up here, and how a call went, set up with each queue. */
export function Reasons() {
  const { t } = useTranslation('admin')
  const scope = useScope()
  const row = scope.tenants.find((x) => x.id === scope.tenant)
  const queues = useOptions('queues')
  const reasons = useQuery({
    queryKey: ['admin', 'reasons', scope.tenant],
    queryFn: () => ask(api.GET('/api/v1/reasons', { params: { query: { tenant: scope.tenant } } })),
    enabled: scope.tenant !== undefined,
  })
  const Queue = kinds.queues.icon
  return (
    <Page title={t('reasons.title')}>
      <div className={css.narrow}>
        {row && <ItemForm key={row.id} kind={idle} row={row} isNew={false} isAlone />}
        <Card title={t('reasons.own')}>
          <p className={css.about}>{t('reasons.ownText')}</p>
          <Chips items={(reasons.data?.rules ?? []).map((r) => ({ id: r, label: t(`idleReason.${r}` as 'idleReason.declined', { ns: 'common', defaultValue: r }) }))} />
        </Card>
        <Card title={t('reasons.wrapUp')}>
          <p className={css.about}>{t('reasons.wrapUpText')}</p>
          {reasons.data?.queues.map((q) => (
            <div key={q.queue} className={css.line}>
              <LinkButton to="/admin/$kind/$id" params={{ kind: 'queues', id: q.queue }} label={queues.find((o) => o.id === q.queue)?.label ?? q.queue} icon={<Queue size={15} aria-hidden />} text />
              {q.wrap_up.length > 0 ? <Chips items={q.wrap_up.map((r) => ({ id: r, label: r }))} /> : <span className={css.soft}>{t('reasons.any')}</span>}
            </div>
          ))}
        </Card>
      </div>
    </Page>
  )
}
