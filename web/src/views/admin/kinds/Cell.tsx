import { useTranslation } from 'react-i18next'
import { Tag } from '@/ui/Tag'
import type { Column, Row } from './kind'

/** A row's value in a column, as it is shown: as how it stands, in a look of its own, or as text. */
export function Cell({ column: { text, tone, show: Show }, row }: { column: Column<Row>; row: Row }) {
  const { t } = useTranslation('admin')
  if (Show) return <Show row={row} />
  return tone ? <Tag tone={tone(row)}>{text(row, t)}</Tag> : text(row, t)
}
