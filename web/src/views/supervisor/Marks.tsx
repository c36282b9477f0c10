import { CircleAlert, TriangleAlert } from 'lucide-react'
import { type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { clock, useNow } from '@/live/clock'
import { useLive } from '@/live/store'
import { classes } from '@/ui/classes'
import { waitLevel, type Level } from './levels'
import css from './Marks.module.css'

/** A figure in the colour of its level; a picture and a word tell the same without the colour. */
export function Leveled({ level, children }: { level: Level; children: ReactNode }) {
  const { t } = useTranslation('supervisor')
  return (
    <span className={classes('digits', css.leveled, css[level])} data-level={level}>
      {level === 'warn' && <TriangleAlert size="1em" aria-hidden />}
      {level === 'bad' && <CircleAlert size="1em" aria-hidden />}
      {children}
      {level !== 'calm' && <span className="said">, {t(`level.${level}`)}</span>}
    </span>
  )
}

/** How long somebody has been waiting, in the colour of the level; it counts by itself, and nothing around it is drawn again. */
export function Wait({ since, inTime }: { since: string | undefined; inTime: number }) {
  const { t } = useTranslation('supervisor')
  return since === undefined ? <span className={css.none}>{t('none')}</span> : <Waiting since={since} inTime={inTime} />
}

function Waiting({ since, inTime }: { since: string; inTime: number }) {
  const seconds = (useNow() - Date.parse(since)) / 1000
  return (
    <Leveled level={waitLevel(seconds, inTime)}>
      <time role="timer" aria-live="off">
        {clock(seconds)}
      </time>
    </Leveled>
  )
}

/** An agent's name. It is drawn again only when it changes, however much else does. */
export function AgentName({ id }: { id: string }) {
  return <>{useLive((l) => l.agents.get(id)?.name ?? l.directory.get(id)?.name ?? id)}</>
}

export function QueueName({ id }: { id: string }) {
  return <>{useLive((l) => l.queues.get(id)?.name ?? id)}</>
}
