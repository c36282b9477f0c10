import { useInfiniteQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ScrollText } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import type { components } from '@/api/schema'
import { failureText } from '@/app/failure'
import { Page } from '@/app/Page'
import { useDates } from '@/i18n/dates'
import { Button } from '@/ui/Button'
import { Empty } from '@/ui/Card'
import { classes } from '@/ui/classes'
import { Dialog } from '@/ui/Dialog'
import { Facts } from '@/ui/Facts'
import { Select, TextField } from '@/ui/Field'
import { cell, Table } from '@/ui/Table'
import { useAdminSearch } from './address'
import { beginOf, deeds, objectOf, objects, spans, type Span } from './audit'
import { useScope } from './setup'
import { useActionWords } from './useActionWords'
import css from './Audit.module.css'

type AuditEntry = components['schemas']['AuditEntry']

const any = '-'

/** Who did what (S3), newest first. */
export function Audit() {
  const { t } = useTranslation('admin')
  const scope = useScope()
  const navigate = useNavigate()
  const { object = '' } = useAdminSearch()
  const [actor, setActor] = useState('')
  const [action, setAction] = useState<string>(any)
  const [span, setSpan] = useState<Span>('week')
  const [opened, setOpened] = useState<AuditEntry>()
  const setObject = (to: string) => void navigate({ to: '/admin/audit', search: to ? { object: to } : {}, replace: true })
  const log = useInfiniteQuery({
    queryKey: ['admin', 'audit', actor, action, object, span],
    queryFn: ({ pageParam }) =>
      ask(
        api.GET('/api/v1/audit', {
          params: {
            query: {
              limit: 100,
              ...(actor.trim() ? { actor: actor.trim() } : {}),
              ...(action === any ? {} : { action }),
              ...(object ? { object } : {}),
              ...(span === 'ever' ? {} : { from: beginOf(span, new Date()) }),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    refetchInterval: 20_000,
  })
  const items = log.data?.pages.flatMap((p) => p.items)
  const words = useActionWords()
  const ofMany = scope.isSite && scope.tenants.length > 1
  const dates = useDates()
  // One thing's own history is a choice as well, as long as it is looked at.
  const kinds = [any, ...objects.map((o) => `${o}/`), ...(object && !objects.some((o) => `${o}/` === object) ? [object] : [])]

  return (
    <Page title={t('audit.title')}>
      <div className={css.filters}>
        <Select label={t('audit.span')} options={(Object.keys(spans) as Span[]).map((id) => ({ id, label: t(`audit.span_${id}`) }))} value={span} onChange={setSpan} />
        <TextField label={t('audit.actor')} value={actor} onChange={setActor} placeholder="admin:eve" />
        <Select
          label={t('audit.action')}
          options={[{ id: any, label: t('audit.any') }, ...deeds.map((id) => ({ id: id, label: words(id) }))]}
          value={action}
          onChange={setAction}
        />
        <Select
          label={t('audit.object')}
          options={kinds.map((id) => ({ id, label: id === any ? t('audit.any') : id.endsWith('/') ? t(`audit.object_${id.slice(0, -1)}` as 'audit.object_queue') : id }))}
          value={object || any}
          onChange={(v) => setObject(v === any ? '' : v)}
        />
      </div>
      {log.error && <p role="alert">{failureText(log.error)}</p>}
      {items?.length === 0 && <Empty icon={ScrollText} title={t('audit.none')} />}
      {items && items.length > 0 && (
        <Table
          label={t('audit.title')}
          heads={[
            { id: 'at', text: t('audit.at') },
            { id: 'actor', text: t('audit.actor'), wide: true },
            { id: 'action', text: t('audit.action') },
            { id: 'object', text: t('audit.object') },
            ...(ofMany ? [{ id: 'tenant', text: t('nav.tenant'), wide: true }] : []),
          ]}
        >
          {items.map((e) => {
            const what = objectOf(e.object)
            return (
              <tr key={e.id}>
                <td className={classes('digits', cell.soft)}>{dates.exactly(e.at)}</td>
                <td className={cell.wide}>{e.actor}</td>
                <td>
                  <button type="button" className={cell.link} onClick={() => setOpened(e)}>
                    {words(e.action)}
                  </button>
                  <span className={classes(cell.narrow, cell.soft, css.id)}>{e.actor}</span>
                </td>
                <td>
                  {t(`audit.object_${what.kind}` as 'audit.object_queue', { defaultValue: what.kind })} <span className={css.id}>{what.id}</span>
                </td>
                {ofMany && <td className={cell.wide}>{e.tenant}</td>}
              </tr>
            )
          })}
        </Table>
      )}
      {log.hasNextPage && (
        <div>
          <Button onPress={() => void log.fetchNextPage()} isPending={log.isFetchingNextPage}>
            {t('audit.more')}
          </Button>
        </div>
      )}
      {opened && (
        <Dialog title={`${words(opened.action)}: ${opened.object}`} isOpen wide onClose={() => setOpened(undefined)}>
          <Facts
            of={[
              { name: t('audit.at'), value: dates.exactly(opened.at) },
              { name: t('audit.actor'), value: opened.actor },
              { name: t('audit.credential'), value: opened.token || '–' },
              { name: t('audit.request'), value: opened.request },
            ]}
          />
          {opened.detail !== null && opened.detail !== undefined && (
            <pre className={css.detail} tabIndex={-1}>
              {JSON.stringify(opened.detail, undefined, 2)}
            </pre>
          )}
        </Dialog>
      )}
    </Page>
  )
}
