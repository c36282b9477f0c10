import { CircleAlert, Info, PhoneOutgoing, Server } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Engine } from '@/api/types'
import { Page } from '@/app/Page'
import { useDates } from '@/i18n/dates'
import { useLive } from '@/live/store'
import { Card, Empty } from '@/ui/Card'
import { classes } from '@/ui/classes'
import { Facts } from '@/ui/Facts'
import { Tag } from '@/ui/Tag'
import { Since } from '@/ui/Timer'
import { kinds } from './kinds'
import type { Phone } from './kinds/phones'
import { tones, type Trunk } from './kinds/trunks'
import { LinkButton } from './LinkButton'
import { useEngines, useMay, useRows, useScope } from './setup'
import { brandOf, isAt, troubles, type Trouble } from './switches'
import { useTroubleWords } from './useTroubleWords'
import css from './Switches.module.css'
import views from './Views.module.css'

/** The switches and how they are: what is wrong and what to do about it, the phones and trunks that they have been told of; and by which trunks tenants call out. */
export function Switches() {
  const { t } = useTranslation('admin')
  const engines = useEngines(5_000)
  return (
    <Page title={t('switches.title')}>
      <p className={views.about}>{t('switches.about')}</p>
      {engines?.length === 0 && <Empty icon={Server} title={t('switches.none')} />}
      {engines?.map((e) => (
        <Switch key={e.id} engine={e} />
      ))}
      <CallingOut />
    </Page>
  )
}

function Switch({ engine }: { engine: Engine }) {
  const { t } = useTranslation('admin')
  const trunks = (useRows('trunks').data ?? []) as unknown as Trunk[]
  const phones = (useRows('phones').data ?? []) as unknown as Phone[]
  const { lines } = engine
  const found = troubles(engine, trunks)
  const own = trunks.filter((x) => isAt(engine, x))
  return (
    <Card title={engine.id} aside={<Tag tone={engine.up ? 'good' : 'bad'}>{t(engine.up ? 'switches.up' : 'switches.down')}</Tag>}>
      <div className={css.switch}>
        {found.length > 0 && (
          <ul>
            {found.map((x) => (
              <Wrong key={`${x.what}/${x.name}`} engine={engine} trouble={x} />
            ))}
          </ul>
        )}
        <Standing engine={engine} trunks={own.length} />
        {lines && own.length > 0 && (
          <section>
            <h3 className={views.sub}>{t('trunks.title')}</h3>
            {own.map((x) => (
              <TrunkLine key={x.id} trunk={x} state={lines.trunks.find((s) => s.trunk === x.id)?.state ?? 'unknown'} />
            ))}
          </section>
        )}
        {lines && <Unregistered phones={phones.filter((p) => isAt(engine, p) && p.registered === false)} />}
        {!lines && <p className={views.soft}>{t('switches.ownFiles')}</p>}
      </div>
    </Card>
  )
}

/** One thing that is wrong, what to do about it, and the way there. */
function Wrong({ engine, trouble }: { engine: Engine; trouble: Trouble }) {
  const { t } = useTranslation('admin')
  const may = useMay()
  const words = useTroubleWords()
  const { bad, remedy, said, name, trunk } = trouble
  const Icon = kinds.trunks.icon
  return (
    <li className={classes(css.wrong, bad && css.bad)}>
      {bad ? <CircleAlert size={18} aria-label={t('overview.bad')} /> : <Info size={18} aria-hidden />}
      <div className={css.what}>
        <strong>{words(engine.id, trouble)}</strong>
        {said && <code>{said}</code>}
        <span className={views.soft}>{t(`switches.remedy_${remedy}`)}</span>
      </div>
      {trunk && may('listTrunks') && <LinkButton to="/admin/$kind/$id" params={{ kind: 'trunks', id: trunk }} label={name} icon={<Icon size={15} aria-hidden />} text />}
    </li>
  )
}

function Standing({ engine, trunks }: { engine: Engine; trunks: number }) {
  const { t } = useTranslation('admin')
  const { lines } = engine
  const up = lines?.trunks.filter((x) => x.state === 'up').length
  const dates = useDates()
  return (
    <Facts
      of={[
        { name: t('switches.kind'), value: brandOf(engine) || '–', title: engine.version },
        { name: t(engine.up ? 'switches.upFor' : 'switches.downFor'), value: engine.since ? <Since at={engine.since} /> : t('switches.never') },
        { name: t('switches.calls'), value: engine.calls ?? '–' },
        lines && { name: t('switches.phones'), value: lines.registered === undefined ? lines.phones : t('switches.of', { some: lines.registered, all: lines.phones }) },
        lines && { name: t('switches.trunksUp'), value: t('switches.of', { some: up, all: Math.max(trunks, lines.trunks.length) }) },
        lines && { name: t(`switches.lines_${lines.state}`), value: lines.since ? dates.moment(lines.since) : '–' },
      ]}
    />
  )
}

function TrunkLine({ trunk, state }: { trunk: Trunk; state: 'up' | 'down' | 'unknown' }) {
  const { t } = useTranslation('admin')
  const Icon = kinds.trunks.icon
  return (
    <div className={views.line}>
      <LinkButton to="/admin/$kind/$id" params={{ kind: 'trunks', id: trunk.id }} label={trunk.name} icon={<Icon size={15} aria-hidden />} text />
      <span className={classes(views.soft, css.host)}>{[`${trunk.host}:${trunk.port ?? 5060}`, trunk.register ? t('switches.registersAs', { user: trunk.user }) : ''].filter(Boolean).join(' · ')}</span>
      <Tag tone={tones[state]}>{t(`trunks.${state}`)}</Tag>
    </div>
  )
}

/** As many phones are named; the list has the others. */
const mostPhones = 8

/** Phones that have not registered: whoever is signed in with one gets no call. */
function Unregistered({ phones }: { phones: readonly Phone[] }) {
  const { t } = useTranslation('admin')
  const signedIn = useLive((l) => new Set([...l.agents.values()].filter((a) => a.state !== 'offline').map((a) => a.phone)), sameSet)
  if (phones.length === 0) return null
  const first = [...phones].sort((a, b) => Number(signedIn.has(b.user)) - Number(signedIn.has(a.user)) || a.name.localeCompare(b.name))
  const Icon = kinds.phones.icon
  return (
    <section>
      <h3 className={views.sub}>{t('switches.away', { count: phones.length })}</h3>
      <div className={views.links}>
        {first.slice(0, mostPhones).map((p) => (
          <LinkButton
            key={p.id}
            to="/admin/$kind/$id"
            params={{ kind: 'phones', id: p.id }}
            label={[p.name, p.has_password ? '' : t('phones.noPassword'), signedIn.has(p.user) ? t('switches.signedIn') : ''].filter(Boolean).join(' · ')}
            icon={<Icon size={15} aria-hidden />}
            text
          />
        ))}
        {phones.length > mostPhones && <LinkButton to="/admin/$kind" params={{ kind: 'phones' }} label={t('list.more', { count: phones.length - mostPhones })} icon={<Icon size={15} aria-hidden />} text />}
      </div>
    </section>
  )
}

function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((x) => b.has(x))
}

/** By which trunk each tenant's agents call out. */
function CallingOut() {
  const { t } = useTranslation('admin')
  const scope = useScope()
  const calling = scope.tenants.filter((x) => x.dialling?.trunk)
  return (
    <Card title={t('switches.callingOut')}>
      <p className={views.about}>{t('switches.callingOutText')}</p>
      {calling.length === 0 && <p className={views.soft}>{t('switches.noTrunks')}</p>}
      {calling.map((x) => {
        const look = { label: x.name, icon: <PhoneOutgoing size={15} aria-hidden />, text: true }
        return (
          <div key={x.id} className={views.line}>
            {scope.isSite ? <LinkButton to="/admin/$kind/$id" params={{ kind: 'tenants', id: x.id }} {...look} /> : <LinkButton to="/admin/settings" {...look} />}
            <span className={views.soft}>{[x.dialling?.trunk, x.dialling?.shown].filter(Boolean).join(' · ')}</span>
          </div>
        )
      })}
    </Card>
  )
}
