import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useTheme } from '@/app/theme'
import type { Dates } from '@/i18n/dates'
import css from './Plot.module.css'

export interface Curve {
  label: string
  /** A colour of the tokens, as --good. */
  colour: string
  /** One for each time; null = there is none. Stacked bars come with what is below them included. */
  values: readonly (number | null)[]
  /** What is read out, where it is not the value that is drawn. */
  told?: readonly (number | null)[]
  kind: 'bars' | 'line' | 'dashes'
}

export interface PlotProps {
  /** What it shows, for whoever does not see it. */
  label: string
  /** Seconds since 1970, rising. */
  times: readonly number[]
  /** Drawn in this order, so that of stacked bars the highest comes first; listed the other way round. */
  curves: readonly Curve[]
  /** A value in words. */
  format: (value: number) => string
  /** The clocks that the times are read by. */
  zone: string
  dates: Dates
  /** The highest value there can be; left out = as the values are. */
  most?: number
}

const height = 230
/** Plots whose cursors move together. */
const together = uPlot.sync('day')

/** A plot over the day. It is drawn on a canvas: a table of the same figures has to stand beside it. */
export function Plot(props: PlotProps) {
  const { label, times, curves, format, dates } = props
  const box = useRef<HTMLDivElement>(null)
  const [at, setAt] = useState<number>()
  const scheme = useScheme()

  useEffect(() => {
    const into = box.current
    if (!into) return
    const plot = new uPlot(
      options(props, into, setAt),
      [times as number[], ...curves.map((c) => c.values as (number | null)[])],
      into,
    )
    const resized = new ResizeObserver(() => plot.setSize({ width: into.clientWidth, height }))
    resized.observe(into)
    return () => {
      resized.disconnect()
      plot.destroy()
    }
    // Colours are read when it is drawn: another scheme is another drawing.
  }, [props, times, curves, scheme])

  const begin = at === undefined ? undefined : times[at]
  return (
    <div>
      <ul className={css.legend} aria-hidden>
        {[...curves].reverse().map((c) => {
          const value = at === undefined ? undefined : (c.told ?? c.values)[at]
          return (
            <li key={c.label}>
              <svg width="14" height="14" viewBox="0 0 14 14">
                {c.kind === 'bars' ? (
                  <rect x="1" y="1" width="12" height="12" rx="3" fill={`var(${c.colour})`} />
                ) : (
                  <path d="M0 7h14" stroke={`var(${c.colour})`} strokeWidth="2.5" strokeDasharray={c.kind === 'dashes' ? '4 3' : 'none'} />
                )}
              </svg>
              {c.label}
              {value !== undefined && value !== null && <strong className="digits">{format(value)}</strong>}
            </li>
          )
        })}
        {begin !== undefined && <li className={css.time}>{dates.time(begin * 1000)}</li>}
      </ul>
      <div ref={box} className={css.box} role="img" aria-label={label} />
    </div>
  )
}

/** What a token is at the moment: canvases do not understand light-dark(). */
function colourOf(token: string, at: HTMLElement): string {
  const probe = document.createElement('i')
  probe.style.color = `var(${token})`
  at.append(probe)
  const colour = getComputedStyle(probe).color
  probe.remove()
  return colour
}

function options({ times, curves, format, zone, dates, most }: PlotProps, into: HTMLElement, setAt: (at: number | undefined) => void): uPlot.Options {
  const ink = colourOf('--ink-soft', into)
  const line = colourOf('--line', into)
  const step = (times[1] ?? 0) - (times[0] ?? 0)
  const font = `500 13px ${getComputedStyle(into).fontFamily}`
  const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { show: false } }
  const bars = uPlot.paths.bars?.({ size: [0.72, 48], align: 1, radius: 0.15 })
  return {
    width: into.clientWidth,
    height,
    padding: [12, 26, 0, 0],
    legend: { show: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false }, sync: { key: together.key } },
    scales: {
      // The last interval has a width too.
      x: { time: true, range: (_, low, high) => [low, high + (step || 900)] },
      y: { range: (_, __, high) => [0, most ?? Math.max(1, high * 1.08)] },
    },
    axes: [
      { ...axis, grid: { show: false }, size: 34, space: 64, values: (_, at) => at.map((s) => dates.time(s * 1000)) },
      { ...axis, size: 62, space: 36, incrs: most === 1 ? [0.2, 0.25, 0.5] : [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600], values: (_, at) => at.map(format) },
    ],
    series: [
      {},
      ...curves.map((c): uPlot.Series => {
        const colour = colourOf(c.colour, into)
        if (c.kind === 'bars') return { fill: colour, width: 0, points: { show: false }, ...(bars ? { paths: bars } : {}) }
        return { stroke: colour, width: 2.5, spanGaps: false, points: { show: c.kind === 'line', size: 6, fill: colour }, ...(c.kind === 'dashes' ? { dash: [6, 5], width: 1.5 } : {}) }
      }),
    ],
    hooks: { setCursor: [(u) => setAt(u.cursor.idx ?? undefined)] },
  }
}

const darkness = matchMedia('(prefers-color-scheme: dark)')

/** Changes with the colours. */
function useScheme(): string {
  const theme = useTheme()
  const dark = useSyncExternalStore(
    (l) => {
      darkness.addEventListener('change', l)
      return () => darkness.removeEventListener('change', l)
    },
    () => darkness.matches,
  )
  return theme === 'system' ? String(dark) : theme
}
