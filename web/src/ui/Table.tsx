import { ArrowDown, ArrowUp } from 'lucide-react'
import type { ReactNode } from 'react'
import { classes } from './classes'
import css from './Table.module.css'

/** How cells look: `number`, `soft`, `link`, `under` (a second line) and others. `wide` is given up where there is no room, `narrow` is there only then. */
export { default as cell } from './Table.module.css'

/** A column. */
export interface Head {
  id: string
  text: string
  /** Figures, which stand to the right. */
  number?: boolean
  wide?: boolean
  /** Read out only: a column of buttons. */
  said?: boolean
  /** Of a table whose columns keep their widths: how wide this one is. Those without share what is left. */
  width?: string
  /** What pressing it does. */
  sort?: { order: 'ascending' | 'descending' | 'none'; change: () => void }
}

/**
 * A table, which moves sideways where it is wider than there is room. `framed` stands by itself, `inCard` fills a card, `inDialog` is as high as a dialog allows.
 * Its children are the rows of its body; with `rows` its body, which is <Rows>.
 */
export function Table({
  label,
  heads,
  look = 'framed',
  rows,
  after,
  children,
}: {
  label: string
  heads: readonly Head[]
  look?: 'framed' | 'inCard' | 'inDialog'
  /** How many rows there are, of a table that draws some of them only. Its columns keep their widths. */
  rows?: number
  /** What is said below it. */
  after?: ReactNode
  children: ReactNode
}) {
  return (
    <div className={classes(css.around, css[look])}>
      <table className={classes(css.table, rows !== undefined && css.fixed)} aria-label={label} {...(rows === undefined ? {} : { 'aria-rowcount': rows + 1 })}>
        <thead>
          <tr {...(rows === undefined ? {} : { 'aria-rowindex': 1 })}>
            {heads.map((h) => (
              <th
                key={h.id}
                scope="col"
                className={classes(h.number && css.number, h.wide && css.wide, h.said && css.act)}
                {...(h.width ? { style: { width: h.width } } : {})}
                {...(h.sort ? { 'aria-sort': h.sort.order } : {})}
              >
                {h.sort ? <Sorter text={h.text} sort={h.sort} /> : h.said ? <span className="said">{h.text}</span> : h.text}
              </th>
            ))}
          </tr>
        </thead>
        {rows === undefined ? <tbody>{children}</tbody> : children}
      </table>
      {after}
    </div>
  )
}

function Sorter({ text, sort: { order, change } }: { text: string; sort: NonNullable<Head['sort']> }) {
  return (
    <button type="button" className={css.sort} onClick={change}>
      {text}
      {order === 'ascending' && <ArrowUp size={13} aria-hidden />}
      {order === 'descending' && <ArrowDown size={13} aria-hidden />}
    </button>
  )
}
