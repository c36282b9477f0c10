import { Link } from '@tanstack/react-router'
import { MonitorPlay, Unplug } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Page } from '@/app/Page'
import { useMe } from '@/app/session'
import { sameItems, useLive } from '@/live/store'
import { classes } from '@/ui/classes'
import { unseen } from './alerts'
import { useAlerts, useSeen } from './useAlerts'
import css from './Board.module.css'

/** What is around the supervisor's views: the ways between them, and what concerns all of them. */
export function Board({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation('supervisor')
  const may = useMe().may
  return (
    <Page
      title={title}
      aside={
        <nav className={css.ways} aria-label={t('ways.label')}>
          <Link to="/supervisor" activeOptions={{ exact: true, includeSearch: false }} className={css.way}>
            {t('ways.live')}
          </Link>
          <Link to="/supervisor/agents" activeOptions={{ includeSearch: false }} className={css.way}>
            {t('ways.agents')}
          </Link>
          <Link to="/supervisor/day" className={css.way}>
            {t('ways.day')}
          </Link>
          {may.includes('listAlerts') && (
            <Link to="/supervisor/alerts" className={css.way}>
              {t('ways.alerts')}
              <Unseen />
            </Link>
          )}
          <Link to="/wallboard" className={css.way}>
            <MonitorPlay size={16} aria-hidden />
            {t('ways.wall')}
          </Link>
        </nav>
      }
    >
      <DeadSwitches />
      {aside}
      {children}
    </Page>
  )
}

/** How many alerts have come since somebody looked at them here. */
function Unseen() {
  const { t } = useTranslation('supervisor')
  const alerts = useAlerts()
  const [seen] = useSeen()
  const items = alerts.data?.pages.flatMap((p) => p.items) ?? []
  const count = unseen(items, seen)
  if (count === 0) return null
  return (
    <>
      <span className={classes(css.count, 'digits')} aria-hidden>
        {count}
        {count === items.length && alerts.hasNextPage && '+'}
      </span>
      <span className="said">, {t('alerts.unseen', { count })}</span>
    </>
  )
}

/** A switch that is away explains most of what looks strange on the boards. */
function DeadSwitches() {
  const { t } = useTranslation('supervisor')
  const down = useLive((l) => [...l.engines.values()].filter((e) => !e.up), sameItems)
  return (
    <div role="status" className={down.length === 0 ? 'said' : ''}>
      {down.map((e) => (
        <p key={e.id} className={css.down}>
          <Unplug size={16} aria-hidden />
          {t('engineDown', { engine: e.id })}
        </p>
      ))}
    </div>
  )
}
