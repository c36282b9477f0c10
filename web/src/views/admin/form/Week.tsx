import { Copy } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { useDates } from '@/i18n/dates'
import { IconButton } from '@/ui/Button'
import { classes } from '@/ui/classes'
import { onOpenDays, weekdays, type DaySpan, type WeekSpan } from './clock'
import type { EditorProps } from './fields'
import css from './Form.module.css'
import { Group } from './Group'
import { Spans } from './Spans'

/** What is open on the days of the week (N4). */
export function Week({ draft, set, error, item, isReadOnly }: EditorProps) {
  const { t } = useTranslation('admin')
  const { dayOfWeek } = useDates()
  const week = (draft.week ?? []) as WeekSpan[]
  const wrong = item === undefined ? undefined : week[item]?.day
  const first = weekdays.find((day) => week.some((s) => s.day === day))
  // In the order of the days, so that what the server says of the third is of the third here.
  const put = (day: WeekSpan['day'], spans: DaySpan[]) =>
    set(
      'week',
      weekdays.flatMap((d) => (d === day ? spans.map((s) => ({ day, ...s })) : week.filter((s) => s.day === d))),
    )
  return (
    <Group label={t('hours.week')} hint={t('hours.week_hint')} error={error}>
      <ul className={css.rows}>
        {weekdays.map((day, at) => {
          const name = dayOfWeek(at)
          const spans = week.filter((s) => s.day === day).map(({ from, to }) => ({ from, to }))
          return (
            <li key={day} className={classes(css.row, wrong === day && css.rowWrong)}>
              <span className={css.rowDay}>{name}</span>
              <Spans
                of={name}
                spans={spans}
                onChange={(s) => put(day, s)}
                isReadOnly={isReadOnly}
                more={
                  day === first &&
                  !isReadOnly && (
                    <IconButton small label={t('hours.everyDay', { day: name })} icon={<Copy size={16} aria-hidden />} onPress={() => set('week', onOpenDays(week, spans))} />
                  )
                }
              />
            </li>
          )
        })}
      </ul>
    </Group>
  )
}
