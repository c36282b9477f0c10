import { useTranslation } from 'react-i18next'
import { useDates } from '@/i18n/dates'
import { clock } from '@/live/clock'
import { classes } from '@/ui/classes'
import { cell, Table } from '@/ui/Table'
import { usePercent } from './format'
import type { Interval } from './series'

/** The figures that the plots draw, to be read. */
export function DayTable({ items, zone }: { items: readonly Interval[]; zone: string }) {
  const { t } = useTranslation('supervisor')
  const dates = useDates(zone)
  const percent = usePercent()
  const none = t('none')
  const number = classes(cell.number, 'digits')
  return (
    <Table
      look="inCard"
      label={t('day.tableOf')}
      heads={[
        { id: 'time', text: t('day.time') },
        { id: 'answered', text: t('day.answered'), number: true },
        { id: 'abandoned', text: t('day.abandoned'), number: true },
        { id: 'unanswered', text: t('day.unanswered'), number: true, wide: true },
        { id: 'level', text: t('day.level'), number: true },
        { id: 'asa', text: t('day.asa'), number: true, wide: true },
        { id: 'longest', text: t('day.longest'), number: true, wide: true },
      ]}
    >
      {items.map((i) => (
        <tr key={i.from}>
          <td className="digits">{dates.time(i.from)}</td>
          <td className={number}>{i.answered}</td>
          <td className={number}>{i.abandoned}</td>
          <td className={classes(number, cell.wide)}>{i.unanswered}</td>
          <td className={number}>{i.service_level === undefined ? none : percent(i.service_level)}</td>
          <td className={classes(number, cell.wide)}>{i.asa === undefined ? none : clock(i.asa)}</td>
          <td className={classes(number, cell.wide)}>{i.presented > 0 ? clock(i.longest_wait) : none}</td>
        </tr>
      ))}
    </Table>
  )
}
