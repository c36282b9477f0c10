import { useTranslation } from 'react-i18next'
import { localeOf } from '@/i18n/languages'
import { clock } from '@/live/clock'
import { classes } from '@/ui/classes'
import { usePercent } from './format'
import type { Interval } from './series'
import board from './Board.module.css'

/** The figures that the plots draw, to be read. */
export function DayTable({ items, zone }: { items: readonly Interval[]; zone: string }) {
  const { t, i18n } = useTranslation('supervisor')
  const percent = usePercent()
  const time = new Intl.DateTimeFormat(localeOf(i18n.language), { timeZone: zone, timeStyle: 'short' })
  const none = t('none')
  const number = classes(board.number, 'digits')
  return (
    <div className={board.flush}>
      <table className={board.table} aria-label={t('day.tableOf')}>
        <thead>
          <tr>
            <th scope="col">{t('day.time')}</th>
            <th scope="col" className={number}>
              {t('day.answered')}
            </th>
            <th scope="col" className={number}>
              {t('day.abandoned')}
            </th>
            <th scope="col" className={classes(number, board.wide)}>
              {t('day.unanswered')}
            </th>
            <th scope="col" className={number}>
              {t('day.level')}
            </th>
            <th scope="col" className={classes(number, board.wide)}>
              {t('day.asa')}
            </th>
            <th scope="col" className={classes(number, board.wide)}>
              {t('day.longest')}
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((i) => (
            <tr key={i.from}>
              <td className="digits">{time.format(new Date(i.from))}</td>
              <td className={number}>{i.answered}</td>
              <td className={number}>{i.abandoned}</td>
              <td className={classes(number, board.wide)}>{i.unanswered}</td>
              <td className={number}>{i.service_level === undefined ? none : percent(i.service_level)}</td>
              <td className={classes(number, board.wide)}>{i.asa === undefined ? none : clock(i.asa)}</td>
              <td className={classes(number, board.wide)}>{i.presented > 0 ? clock(i.longest_wait) : none}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
