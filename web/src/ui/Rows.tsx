import { defaultRangeExtractor, useWindowVirtualizer, type Range, type Virtualizer } from '@tanstack/react-virtual'
import { Fragment, useEffect, useRef, useState, type ReactNode } from 'react'
import css from './Table.module.css'

/** Up to so many rows all are drawn, so that the browser's own search finds them. */
const few = 50

/** Rows drawn above and below what can be seen. */
const around = 8

/** As high as a row is thought to be before it has been drawn. Pixels. */
const usual = 57

/**
 * The body of a table of any length: only rows that can be seen, and a few around them, are drawn, with gaps where the others are. Screen readers are told how many there
 * are and which ones they read. A row that has the focus stays when it is moved out of sight, so that the focus is not lost.
 */
export function Rows<T>({
  items,
  idOf,
  mark,
  children,
}: {
  items: readonly T[]
  idOf: (item: T) => string
  /** The name by which rows are found: `agent` makes it data-agent. */
  mark: string
  /** The cells of a row. They are drawn again only if what this gives is another: use a memo. */
  children: (item: T) => ReactNode
}) {
  const body = useRef<HTMLTableSectionElement>(null)
  const [focused, setFocused] = useState<string>()
  const above = useAbove(body)
  const rows = useWindowVirtualizer<HTMLTableRowElement>({
    count: items.length,
    estimateSize: () => usual,
    overscan: around,
    scrollMargin: above,
    getItemKey: (i) => key(items[i], idOf),
    rangeExtractor: (range) => extract(range, items, idOf, focused),
  })
  useEffect(() => {
    const of = body.current
    const focus = (e: FocusEvent) => setFocused(e.type === 'focusin' && e.target instanceof Element ? e.target.closest('tr')?.dataset.row : undefined)
    of?.addEventListener('focusin', focus)
    of?.addEventListener('focusout', focus)
    return () => {
      of?.removeEventListener('focusin', focus)
      of?.removeEventListener('focusout', focus)
    }
  }, [])
  useEffect(() => steady(rows), [rows])
  const drawn = rows.getVirtualItems()
  return (
    <tbody ref={body}>
      {drawn.map((row, i) => {
        const item = items[row.index]
        if (item === undefined) return null
        const gap = row.start - (drawn[i - 1]?.end ?? above)
        const id = idOf(item)
        return (
          <Fragment key={id}>
            <Gap height={gap} />
            <tr ref={rows.measureElement} data-index={row.index} data-row={id} aria-rowindex={row.index + 2} {...{ [`data-${mark}`]: id }}>
              {children(item)}
            </tr>
          </Fragment>
        )
      })}
      <Gap height={rows.getTotalSize() + above - (drawn.at(-1)?.end ?? above)} />
    </tbody>
  )
}

/** Rows come and go and change places all the time; the page must not move with each that is as high as nobody thought. */
function steady(rows: Virtualizer<Window, HTMLTableRowElement>) {
  rows.shouldAdjustScrollPositionOnItemSizeChange = () => false
}

function key<T>(item: T | undefined, idOf: (item: T) => string): string {
  return item === undefined ? '' : idOf(item)
}

/** The indices of the rows to be drawn, in order. */
export function extract<T>(range: Range, items: readonly T[], idOf: (item: T) => string, focused: string | undefined): number[] {
  if (items.length <= few) return items.map((_, i) => i)
  const seen = defaultRangeExtractor(range)
  const kept = focused === undefined ? -1 : items.findIndex((item) => idOf(item) === focused)
  return kept < 0 || seen.includes(kept) ? seen : [...seen, kept].sort((a, b) => a - b)
}

function Gap({ height }: { height: number }) {
  if (height <= 0) return null
  return (
    <tr className={css.gap} aria-hidden>
      <td style={{ height }} />
    </tr>
  )
}

/** How far below the top of the page something begins, which changes with everything above it. Pixels. */
function useAbove(of: { readonly current: HTMLElement | null }): number {
  const [above, setAbove] = useState(0)
  useEffect(() => {
    const look = () => {
      if (of.current) setAbove(Math.round(of.current.getBoundingClientRect().top + scrollY))
    }
    look()
    const observer = new ResizeObserver(look)
    observer.observe(document.body)
    return () => observer.disconnect()
  }, [of])
  return above
}
