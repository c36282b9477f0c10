import type { TFunction } from 'i18next'
import type { Column, Row } from './kinds/kind'

export interface Order {
  column: string
  isDown: boolean
}

/** The rows in which every word of a search is found, in the order of a column; rows that are alike there stay in order of the first column. */
export function arranged<T extends Row>(rows: readonly T[], columns: readonly Column<T>[], search: string, order: Order, t: TFunction<'admin'>, language: string): T[] {
  const compare = new Intl.Collator(language, { numeric: true, sensitivity: 'base' })
  const words = fold(search).split(/\s+/).filter(Boolean)
  const found = rows.filter((r) => {
    const text = fold([r.id, ...columns.map((c) => String(c.text(r, t)))].join(' '))
    return words.every((w) => text.includes(w))
  })
  const by = columns.find((c) => c.id === order.column) ?? columns[0]
  const first = columns[0]
  const difference = (c: Column<T> | undefined, a: T, b: T) => {
    if (!c) return 0
    const [x, y] = [c.text(a, t), c.text(b, t)]
    return typeof x === 'number' && typeof y === 'number' ? x - y : compare.compare(String(x), String(y))
  }
  return found.sort((a, b) => (order.isDown ? -1 : 1) * difference(by, a, b) || difference(first, a, b) || compare.compare(a.id, b.id))
}

/** Without case and accents: whoever searches for "zoe" means Zoë too. */
function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
}
