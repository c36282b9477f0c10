import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { BellOff, Headset, ListTree, PhoneCall } from 'lucide-react'
import { memo, useCallback, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import type { Alert } from '@/api/types'
import { failureText } from '@/app/failure'
import { useDates } from '@/i18n/dates'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { Card, Empty } from '@/ui/Card'
import { classes } from '@/ui/classes'
import { notify } from '@/ui/notice'
import { cell, Table } from '@/ui/Table'
import { Tag } from '@/ui/Tag'
import { CallDetails } from '@/views/calls/CallDetails'
import { useAgentName } from '@/views/desk/names'
import { isKnown, newestOf, standing } from './alerts'
import { Board } from './Board'
import { CallDrawer } from './CallDrawer'
import { QueueName } from './Marks'
import { useAlerts, useSeen } from './useAlerts'
import css from './Alerts.module.css'

/** What has gone wrong, newest first (S2): what it is, whom it concerns, and whether it is so still. */
export function Alerts() {
  const { t } = useTranslation('supervisor')
  const alerts = useAlerts()
  const items = alerts.data?.pages.flatMap((p) => p.items)
  const [opened, setOpened] = useState<string>()
  const [, setSeen] = useSeen()
  const last = items?.[0]?.at
  useEffect(() => {
    if (last !== undefined) setSeen(last)
  }, [last, setSeen])
  const newest = newestOf(items ?? [])

  return (
    <Board title={t('alerts.title')}>
      <Card title={t('alerts.title')}>
        <p className={css.about}>{t('alerts.about')}</p>
        {alerts.error && <p role="alert">{failureText(alerts.error)}</p>}
        {items?.length === 0 && <Empty icon={BellOff} title={t('alerts.none')} />}
        {items && items.length > 0 && (
          <Table
            look="inCard"
            label={t('alerts.title')}
            heads={[
              { id: 'at', text: t('alerts.at'), wide: true },
              { id: 'what', text: t('alerts.what') },
              { id: 'of', text: t('alerts.of'), wide: true },
              { id: 'standing', text: t('alerts.standing'), wide: true },
            ]}
            after={
              alerts.hasNextPage && (
                <div className={css.more}>
                  <Button onPress={() => void alerts.fetchNextPage()} isPending={alerts.isFetchingNextPage}>
                    {t('alerts.more')}
                  </Button>
                </div>
              )
            }
          >
            {items.map((a) => (
              <Line key={a.id} alert={a} isNewest={newest.has(a.id)} open={setOpened} />
            ))}
          </Table>
        )}
      </Card>
      {opened !== undefined && <Story key={opened} call={opened} onClose={() => setOpened(undefined)} />}
    </Board>
  )
}

interface LineProps {
  alert: Alert
  isNewest: boolean
  open: (call: string) => void
}

const Line = memo(function Line({ alert: a, isNewest, open }: LineProps) {
  const { t } = useTranslation('supervisor')
  const dates = useDates()
  const known = isKnown(a.reason) ? a.reason : undefined
  return (
    <tr className={css.line}>
      <td className={classes('digits', cell.soft, cell.wide, css.at)}>
        <time dateTime={a.at}>{dates.moment(a.at)}</time>
      </td>
      <td className={css.what}>
        <span className={classes(cell.narrow, cell.soft)}>
          <span className={css.of}>
            <time dateTime={a.at}>{dates.moment(a.at)}</time>
            <Stands alert={a} isNewest={isNewest} />
          </span>
        </span>
        <strong>{known ? t(`alerts.reason_${known}`) : a.reason.replaceAll('_', ' ')}</strong>
        {known && <span className={cell.under}>{t(`alerts.todo_${known}`)}</span>}
        {a.text && <code>{a.text}</code>}
        <span className={cell.narrow}>
          <Concerned alert={a} open={open} />
        </span>
      </td>
      <td className={cell.wide}>
        <Concerned alert={a} open={open} />
      </td>
      <td className={cell.wide}>
        <Stands alert={a} isNewest={isNewest} />
      </td>
    </tr>
  )
})

/** Whom and what it is about, with ways there. */
function Concerned({ alert: a, open }: { alert: Alert; open: (call: string) => void }) {
  const { t } = useTranslation('supervisor')
  const agent = useAgentName()
  if (!a.agent && !a.queue && !a.call) return <span className={cell.soft}>{t(a.tenant ? 'none' : 'alerts.site')}</span>
  return (
    <span className={css.of}>
      {a.agent && (
        <Link to="/supervisor/agents" search={{ find: agent(a.agent) }} className={css.way}>
          <Headset size={15} aria-hidden />
          {agent(a.agent)}
        </Link>
      )}
      {a.queue && (
        <Link to="/supervisor" search={{ queue: a.queue }} className={css.way}>
          <ListTree size={15} aria-hidden />
          <QueueName id={a.queue} />
        </Link>
      )}
      {a.call && (
        <button type="button" className={css.way} onClick={() => a.call && open(a.call)}>
          <PhoneCall size={15} aria-hidden />
          {t('alerts.call')}
        </button>
      )}
    </span>
  )
}

const tones = { open: 'bad', callOn: 'busy', over: 'off' } as const

/** It is drawn again only when that changes, whatever else goes on. */
function Stands({ alert, isNewest }: { alert: Alert; isNewest: boolean }) {
  const { t } = useTranslation('supervisor')
  const now = useLive(useCallback((l) => standing(alert, isNewest, l), [alert, isNewest]))
  if (now === undefined) return <span className={cell.soft}>{t('none')}</span>
  return <Tag tone={tones[now]}>{t(`alerts.${now}`)}</Tag>
}

/** The call that an alert is about: followed while it goes on, read from its record afterwards. */
function Story({ call, onClose }: { call: string; onClose: () => void }) {
  const goesOn = useLive((l) => l.calls.has(call))
  const [followed] = useState(goesOn)
  return followed ? <CallDrawer id={call} onClose={onClose} /> : <Past call={call} onClose={onClose} />
}

function Past({ call, onClose }: { call: string; onClose: () => void }) {
  const { data, error } = useQuery({
    queryKey: ['call-record', call],
    queryFn: () => ask(api.GET('/api/v1/call-records/{id}', { params: { path: { id: call } } })),
    retry: false,
  })
  useEffect(() => {
    if (!error) return
    notify('warn', failureText(error))
    onClose()
  }, [error, onClose])
  return data && <CallDetails record={data} onClose={onClose} />
}
