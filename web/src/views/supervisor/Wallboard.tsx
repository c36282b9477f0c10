import { getRouteApi, Link } from '@tanstack/react-router'
import { ArrowLeft, Expand, ListChecks, Shrink, WifiOff } from 'lucide-react'
import { memo, useCallback, useEffect, useRef, useState, useSyncExternalStore, type CSSProperties } from 'react'
import { useTranslation } from 'react-i18next'
import { useTitle } from '@/app/Page'
import { useDates } from '@/i18n/dates'
import { useNow } from '@/live/clock'
import type { Live } from '@/live/state'
import { useLive } from '@/live/store'
import { IconButton, Button } from '@/ui/Button'
import { classes } from '@/ui/classes'
import { Dialog } from '@/ui/Dialog'
import { Checkbox } from '@/ui/Field'
import { usePercent } from './format'
import { serviceLevel, staffLevel, waitLevel, worst } from './levels'
import { Leveled, Wait } from './Marks'
import { rowsOf, sameRow, signedIn, type Row } from './queues'
import { mostTiles, onTheWall, tiling } from './tiles'
import { useQueueFigures, useQueueSetup } from './useFigures'
import { useTarget } from './useTarget'
import { useWakeLock } from './useWakeLock'
import css from './Wallboard.module.css'

const route = getRouteApi('/alone/wallboard')

function sameRows(a: readonly Row[], b: readonly Row[]): boolean {
  return a.length === b.length && a.every((row, i) => b[i] !== undefined && sameRow(row, b[i]))
}

/** Figures of queues as large as the screen allows, always dark, with nothing around them: to be read from the other side of the room (S2). */
export function Wallboard() {
  const { t } = useTranslation('supervisor')
  useTitle(t('wall.title'))
  useWakeLock()
  const { queues = '' } = route.useSearch()
  const navigate = route.useNavigate()
  const chosen = queues.split(',').filter(Boolean)
  const setup = useQueueSetup()
  const figures = useQueueFigures().of
  const rows = useLive(
    useCallback((l: Live) => rowsOf(l.queues, l.calls, l.agents, setup, figures), [setup, figures]),
    sameRows,
  )
  const lost = useLive((l) => l.link === 'lost')
  const shown = onTheWall(
    rows.map((row) => ({ id: row.queue.id, row })),
    chosen,
  )
  const { box, size } = useSize()
  const { columns, rows: lines } = tiling(shown.length, size.width, size.height)
  const [choosing, setChoosing] = useState(false)
  const idle = useIdle(choosing)
  const full = useFullScreen()

  return (
    <div className={classes(css.wall, idle && css.idle)}>
      <header className={css.head}>
        <h1>{t('wall.title')}</h1>
        {lost && (
          <p className={css.lost} role="status">
            <WifiOff size="1em" aria-hidden />
            <LostSince />
          </p>
        )}
        <div className={css.tools} role="toolbar" aria-label={t('wall.bar')}>
          <Link to="/supervisor" className={css.back}>
            <ArrowLeft size={18} aria-hidden />
            {t('wall.back')}
          </Link>
          <IconButton label={t('wall.choose')} icon={<ListChecks size={20} aria-hidden />} onPress={() => setChoosing(true)} />
          {document.fullscreenEnabled && (
            <IconButton label={full ? t('wall.small') : t('wall.full')} icon={full ? <Shrink size={20} aria-hidden /> : <Expand size={20} aria-hidden />} onPress={toggleFullScreen} />
          )}
        </div>
        <TimeOfDay />
      </header>
      <div ref={box} className={css.tiles} style={{ '--columns': columns, '--lines': lines } as CSSProperties}>
        {shown.map(({ id, row }) => (
          <Tile key={id} row={row} />
        ))}
      </div>
      <Dialog
        title={t('wall.choose')}
        isOpen={choosing}
        onClose={() => setChoosing(false)}
        foot={
          <Button look="primary" onPress={() => setChoosing(false)}>
            {t('wall.done')}
          </Button>
        }
      >
        <p className={css.hint}>{t('wall.chooseHint', { most: mostTiles })}</p>
        <div className={css.choices}>
          {rows.map(({ queue }) => (
            <Checkbox
              key={queue.id}
              isSelected={chosen.includes(queue.id)}
              isDisabled={!chosen.includes(queue.id) && chosen.length >= mostTiles}
              onChange={(on) => {
                const next = on ? [...chosen, queue.id] : chosen.filter((q) => q !== queue.id)
                // The router cannot tell what the route's search is: its parents are passed in (routes.tsx).
                void navigate({ search: (next.length > 0 ? { queues: next.join(',') } : {}) as never, replace: true })
              }}
            >
              {queue.name}
            </Checkbox>
          ))}
        </div>
      </Dialog>
    </div>
  )
}

const Tile = memo(
  function Tile({ row: { queue, since, figures, staff } }: { row: Row }) {
    const { t } = useTranslation('supervisor')
    const percent = usePercent()
    const [target] = useTarget()
    const today = figures?.today
    const inTime = figures?.service_level ?? 20
    const staffed = staffLevel(queue.waiting, queue.free, staff && signedIn(staff))
    const reached = serviceLevel(today?.service_level, target)
    return (
      <section className={css.tile} aria-label={queue.name} data-queue={queue.id}>
        <Edge since={since} inTime={inTime} staffed={staffed} />
        <h2 className={css.name}>{queue.name}</h2>
        <dl className={css.now}>
          <div className={css.waiting}>
            <dt>{t('wall.waiting')}</dt>
            <dd data-figure="waiting">
              <Leveled level={staffed}>{queue.waiting}</Leveled>
            </dd>
          </div>
          <div className={css.longest}>
            <dt>{t('wall.longest')}</dt>
            <dd>
              <Wait since={since} inTime={inTime} />
            </dd>
          </div>
        </dl>
        <dl className={css.rest}>
          <div className={css.level}>
            <dt>{t('wall.level')}</dt>
            <dd>{today?.service_level === undefined ? t('none') : <Leveled level={reached}>{percent(today.service_level)}</Leveled>}</dd>
          </div>
          <div>
            <dt>{t('wall.answered')}</dt>
            <dd>{today?.answered ?? t('none')}</dd>
          </div>
          <div>
            <dt>{t('wall.abandoned')}</dt>
            <dd>{today?.abandoned ?? t('none')}</dd>
          </div>
          <div>
            <dt>{t('wall.free')}</dt>
            <dd>{queue.free}</dd>
          </div>
          <div>
            <dt>{t('wall.busy')}</dt>
            <dd>{staff ? staff.engaged + staff.reserved + staff.wrap_up : t('none')}</dd>
          </div>
        </dl>
      </section>
    )
  },
  (a, b) => sameRow(a.row, b.row),
)

/** A tile's edge is what is seen first from far away; the figures tell the same in words and pictures. */
function Edge({ since, inTime, staffed }: { since: string | undefined; inTime: number; staffed: 'calm' | 'warn' | 'bad' }) {
  const now = useNow()
  const level = worst(staffed, waitLevel(since === undefined ? undefined : (now - Date.parse(since)) / 1000, inTime))
  return <span className={classes(css.edge, css[level])} aria-hidden />
}

function TimeOfDay() {
  const now = useNow()
  const dates = useDates()
  return <time className={classes('digits', css.clock)}>{dates.time(now)}</time>
}

/** A wall that nobody sits at has to say since when it is not to be believed. */
function LostSince() {
  const { t } = useTranslation()
  const dates = useDates()
  const since = useLive((l) => l.linkSince)
  return (
    <>
      {t('lost')} <time className="digits">{dates.time(since)}</time>
    </>
  )
}

function useSize() {
  const box = useRef<HTMLDivElement>(null)
  const [size, setSize] = useState({ width: innerWidth, height: innerHeight })
  useEffect(() => {
    const of = box.current
    if (!of) return
    const observer = new ResizeObserver(() => setSize({ width: of.clientWidth, height: of.clientHeight }))
    observer.observe(of)
    return () => observer.disconnect()
  }, [])
  return { box, size }
}

/** Milliseconds without a hand on mouse or keyboard after which the buttons go away. */
const patience = 4000

function useIdle(never: boolean): boolean {
  const [idle, setIdle] = useState(false)
  useEffect(() => {
    let timer = setTimeout(() => setIdle(true), patience)
    const moved = () => {
      setIdle(false)
      clearTimeout(timer)
      timer = setTimeout(() => setIdle(true), patience)
    }
    const signs = ['pointermove', 'pointerdown', 'keydown', 'focusin'] as const
    for (const s of signs) addEventListener(s, moved)
    return () => {
      clearTimeout(timer)
      for (const s of signs) removeEventListener(s, moved)
    }
  }, [])
  return idle && !never
}

function useFullScreen(): boolean {
  return useSyncExternalStore(
    (l) => {
      document.addEventListener('fullscreenchange', l)
      return () => document.removeEventListener('fullscreenchange', l)
    },
    () => document.fullscreenElement !== null,
  )
}

function toggleFullScreen() {
  // A browser that refuses leaves everything as it is.
  if (document.fullscreenElement) void document.exitFullscreen()
  else document.documentElement.requestFullscreen().catch(() => undefined)
}
