import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CircleAlert, CircleCheck, Info, Server } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import { Page } from '@/app/Page'
import { useDates } from '@/i18n/dates'
import { useLive } from '@/live/store'
import { Card } from '@/ui/Card'
import { classes } from '@/ui/classes'
import { Tag } from '@/ui/Tag'
import { Since } from '@/ui/Timer'
import { newID } from './address'
import { objectOf } from './audit'
import { gaps, type Gap } from './gaps'
import { kinds } from './kinds'
import type { Agent } from './kinds/agents'
import type { EntryPoint } from './kinds/entryPoints'
import type { KindID } from './kinds/kind'
import type { Phone } from './kinds/phones'
import type { Queue } from './kinds/queues'
import type { Trunk } from './kinds/trunks'
import type { User } from './kinds/users'
import { LinkButton } from './LinkButton'
import { useEngines, useMay, useRows, useScope } from './setup'
import { troubles } from './switches'
import { useActionWords } from './useActionWords'
import { useTroubleWords } from './useTroubleWords'
import css from './Overview.module.css'

/** As many gaps are shown; the lists show the others. */
const mostGaps = 12

/** Where administrators begin: how much there is, what is missing, how the switches are, and what was changed last. */
export function Overview() {
  const { t } = useTranslation('admin')
  return (
    <Page title={t('overview.title')}>
      <Counts />
      <div className={css.columns}>
        <ToDo />
        <div className={css.side}>
          <Health />
          <Changes />
        </div>
      </div>
    </Page>
  )
}

/** How much there is of each kind, and how much of it is in use now. */
function Counts() {
  const { t } = useTranslation('admin')
  const may = useMay()
  const live = useLive((l) => l.agents)
  const waiting = useLive((l) => [...l.queues.values()].reduce((sum, q) => sum + q.waiting, 0))
  const signedIn = [...live.values()].filter((a) => a.state !== 'offline').length
  const numbers = ((useRows('entry-points').data ?? []) as unknown as EntryPoint[]).reduce((sum, e) => sum + e.numbers.length, 0)
  return (
    <div className={css.counts}>
      <Count kind="queues" now={t('overview.waiting', { count: waiting })} />
      <Count kind="entry-points" now={t('overview.numbers', { count: numbers })} />
      <Count kind="agents" now={t('overview.signedIn', { count: signedIn })} />
      {may('listUsers') && <Count kind="users" now={t('overview.maySignIn')} />}
    </div>
  )
}

function Count({ kind, now }: { kind: KindID; now: string }) {
  const { t } = useTranslation('admin')
  const rows = useRows(kind)
  const Icon = kinds[kind].icon
  return (
    <Link to="/admin/$kind" params={{ kind }} className={css.count}>
      <span className={css.kind}>
        <Icon size={16} aria-hidden />
        {t(`${kinds[kind].texts}.title`)}
      </span>
      <strong className="digits">{rows.data?.length ?? '–'}</strong>
      <span className={css.soft}>{now}</span>
    </Link>
  )
}

function ToDo() {
  const { t } = useTranslation('admin')
  const may = useMay()
  const scope = useScope()
  const live = useLive((l) => l.agents)
  const engines = useEngines()
  const words = useTroubleWords()
  const trunks = useRows('trunks').data as unknown as Trunk[] | undefined
  const phones = useRows('phones').data as unknown as Phone[] | undefined
  const agents = useRows('agents').data as unknown as Agent[] | undefined
  const queues = useRows('queues').data as unknown as Queue[] | undefined
  const entryPoints = useRows('entry-points').data as unknown as EntryPoint[] | undefined
  const all = useRows('users').data as unknown as User[] | undefined
  const users = all?.filter((u) => !u.tenant || u.tenant === scope.tenant)
  if (!agents || !queues || !entryPoints || !engines || (may('listUsers') && !users)) return <Card title={t('overview.toDo')}>{null}</Card>
  const found = [
    ...engines.flatMap((e) =>
      troubles(e, trunks ?? []).map((x) => ({ id: `${e.id}/${x.what}/${x.name}`, bad: x.bad, text: words(e.id, x), mend: <ToSwitches /> })),
    ),
    ...gaps({ agents, queues, entryPoints, users: may('listUsers') ? users : undefined, phones: phones ?? [], live }).map((g) => ({
      id: `${g.what}/${g.name}`,
      bad: g.bad,
      text: t(`overview.gap_${g.what}`, { name: g.name }),
      mend: <Mend gap={g} />,
    })),
  ].sort((a, b) => Number(b.bad) - Number(a.bad))
  return (
    <Card title={t('overview.toDo')}>
      {found.length === 0 && (
        <p className={css.fine}>
          <CircleCheck size={18} aria-hidden />
          {t('overview.fine')}
        </p>
      )}
      <ul>
        {found.slice(0, mostGaps).map((g) => (
          <li key={g.id} className={classes(css.gap, g.bad && css.bad)}>
            {g.bad ? <CircleAlert size={18} aria-label={t('overview.bad')} /> : <Info size={18} aria-hidden />}
            <span>{g.text}</span>
            {g.mend}
          </li>
        ))}
      </ul>
      {found.length > mostGaps && <p className={css.soft}>{t('list.more', { count: found.length - mostGaps })}</p>}
    </Card>
  )
}

/** The way to what is wrong at the switches and what to do about it. */
function ToSwitches() {
  const { t } = useTranslation('admin')
  const may = useMay()
  return may('listEngines') ? <LinkButton to="/admin/switches" label={t('switches.title')} icon={<Server size={15} aria-hidden />} text /> : null
}

/** The way to where a gap is mended. */
function Mend({ gap: { at, name } }: { gap: Gap }) {
  const { t } = useTranslation('admin')
  const may = useMay()
  const { icon: Icon, texts, operations } = kinds[at.kind]
  if (at.id === undefined && !may(operations.create)) return null
  return (
    <LinkButton
      to="/admin/$kind/$id"
      params={{ kind: at.kind, id: at.id ?? newID }}
      label={at.id === undefined ? t(`${texts}.new`) : name}
      icon={<Icon size={15} aria-hidden />}
      text
    />
  )
}

function Health() {
  const { t } = useTranslation('admin')
  const engines = useLive((l) => l.engines)
  return (
    <Card title={t('switches.title')}>
      {engines.size === 0 && <p className={css.soft}>{t('switches.none')}</p>}
      <ul>
        {[...engines.values()].map((e) => (
          <li key={e.id} className={css.line}>
            <strong>{e.id}</strong>
            {e.since && (
              <span className={css.soft}>
                {t(e.up ? 'switches.upFor' : 'switches.downFor')} <Since at={e.since} />
              </span>
            )}
            <Tag tone={e.up ? 'good' : 'bad'}>{t(e.up ? 'switches.up' : 'switches.down')}</Tag>
          </li>
        ))}
      </ul>
    </Card>
  )
}

/** The newest entries of the audit log that are about the set-up. */
function Changes() {
  const { t } = useTranslation('admin')
  const dates = useDates()
  const may = useMay()
  const { tenant } = useScope()
  const words = useActionWords()
  const { data } = useQuery({
    queryKey: ['admin', 'changes', tenant],
    queryFn: () => ask(api.GET('/api/v1/audit', { params: { query: { tenant, limit: 60 } } })),
    refetchInterval: 20_000,
    enabled: may('listAudit'),
  })
  if (!may('listAudit')) return null
  const items = data?.items.filter((e) => /^(create|replace|delete|import|set|add)(?!AgentState)/.test(e.action)).slice(0, 6)
  return (
    <Card title={t('overview.changes')} aside={<Link to="/admin/audit">{t('audit.title')}</Link>}>
      {items?.length === 0 && <p className={css.soft}>{t('overview.noChanges')}</p>}
      <ul>
        {items?.map((e) => {
          const what = objectOf(e.object)
          return (
            <li key={e.id} className={css.change}>
              <span>
                {words(e.action)}: {t(`audit.object_${what.kind}` as 'audit.object_queue', { defaultValue: what.kind })} {what.id}
              </span>
              <span className={css.soft}>
                {dates.moment(e.at)} · {e.actor}
              </span>
            </li>
          )
        })}
      </ul>
    </Card>
  )
}
