import { CalendarDays, Plus, Trash2 } from 'lucide-react'
import { FileTrigger } from 'react-aria-components'
import { useTranslation } from 'react-i18next'
import type { components } from '@/api/schema'
import { Button, IconButton } from '@/ui/Button'
import { classes } from '@/ui/classes'
import { TextField } from '@/ui/Field'
import { notify } from '@/ui/notice'
import { holidaysFrom, withHolidays } from './calendar'
import type { EditorProps } from './fields'
import css from './Form.module.css'
import { Group } from './Group'
import { Spans } from './Spans'

type SpecialDay = components['schemas']['SpecialDay']

/** Holidays, and other days that are not as their weekday (N4). */
export function SpecialDays({ draft, set, error, item, isReadOnly }: EditorProps) {
  const { t } = useTranslation('admin')
  const days = (draft.days ?? []) as SpecialDay[]
  const put = (next: SpecialDay[]) => set('days', next)
  const change = (i: number, part: Partial<SpecialDay>) => put(days.map((d, at) => (at === i ? { ...d, ...part } : d)))
  const take = async (file: File | undefined) => {
    if (!file) return
    const found = holidaysFrom(await file.text(), new Date().toISOString().slice(0, 10))
    const next = withHolidays(days, found.days)
    put(next)
    notify(next.length > days.length ? 'good' : 'warn', t('hours.taken', { count: next.length - days.length }))
    if (found.left > 0) notify('warn', t('hours.left', { count: found.left }))
  }
  return (
    <Group label={t('hours.days')} hint={t('hours.days_hint')} error={error}>
      <div className={css.stack}>
        {days.length > 0 && (
          <div className={css.rows}>
            {days.map((d, i) => {
              const called = d.name || d.date || String(i + 1)
              return (
                // By place: the date is what is being typed.
                <div key={i} className={classes(css.day, item === i && css.rowWrong)} role="group" aria-label={called}>
                  <div className={css.dayDate}>
                    <TextField label={t('hours.date')} value={d.date} onChange={(date) => change(i, { date: date.trim() })} placeholder="12-25" isReadOnly={isReadOnly} />
                  </div>
                  <div className={css.dayName}>
                    <TextField label={t('hours.name')} value={d.name ?? ''} onChange={(name) => change(i, { name })} isReadOnly={isReadOnly} />
                  </div>
                  <div className={css.dayOpen}>
                    <Spans of={called} spans={d.open ?? []} onChange={(open) => change(i, { open })} isReadOnly={isReadOnly} />
                    {!isReadOnly && (
                      <IconButton small label={t('form.remove', { name: called })} icon={<Trash2 size={16} aria-hidden />} onPress={() => put(days.filter((_, at) => at !== i))} />
                    )}
                  </div>
                </div>
              )
            })}
          </div>
        )}
        {!isReadOnly && (
          <div className={css.boxWide}>
            <Button small onPress={() => put([...days, { date: '' }])}>
              <Plus size={15} aria-hidden />
              {t('hours.addDay')}
            </Button>
            <FileTrigger acceptedFileTypes={['.ics', 'text/calendar']} onSelect={(files) => void take(files?.[0])}>
              <Button small>
                <CalendarDays size={15} aria-hidden />
                {t('hours.fromCalendar')}
              </Button>
            </FileTrigger>
          </div>
        )}
      </div>
    </Group>
  )
}
