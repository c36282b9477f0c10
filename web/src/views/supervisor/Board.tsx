import { Link } from '@tanstack/react-router'
import { MonitorPlay, Unplug } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Page } from '@/app/Page'
import { sameItems, useLive } from '@/live/store'
import css from './Board.module.css'

/** What is around the supervisor's views: the ways between them, and what concerns all of them. */
export function Board({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  const { t } = useTranslation('supervisor')
  return (
    <Page
      title={title}
      aside={
        <nav className={css.ways} aria-label={t('ways.label')}>
          <Link to="/supervisor" activeOptions={{ exact: true }} className={css.way}>
            {t('ways.live')}
          </Link>
          <Link to="/supervisor/agents" className={css.way}>
            {t('ways.agents')}
          </Link>
          <Link to="/supervisor/day" className={css.way}>
            {t('ways.day')}
          </Link>
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
