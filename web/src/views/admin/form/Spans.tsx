import { Plus, X } from 'lucide-react'
import { Fragment, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { Button, IconButton } from '@/ui/Button'
import { TextField } from '@/ui/Field'
import { clockFrom, nextSpan, type DaySpan } from './clock'
import css from './Form.module.css'

/** What is open on a day, which is named for those who do not see what stands beside it. */
export function Spans({
  of,
  spans,
  onChange,
  isReadOnly,
  more,
}: {
  of: string
  spans: readonly DaySpan[]
  onChange: (spans: DaySpan[]) => void
  isReadOnly: boolean
  /** What else can be done with them. */
  more?: ReactNode
}) {
  const { t } = useTranslation('admin')
  const change = (i: number, part: Partial<DaySpan>) => onChange(spans.map((s, at) => (at === i ? { ...s, ...part } : s)))
  return (
    <span className={css.spans}>
      {spans.length === 0 && <span className={css.small}>{t('hours.isClosed')}</span>}
      {spans.map((s, i) => (
        <span key={i} className={css.small}>
          {(['from', 'to'] as const).map((end) => (
            <Fragment key={end}>
              {end === 'to' && <span aria-hidden>–</span>}
              <TextField
                label={t(`hours.span_${end}`, { day: of, number: i + 1 })}
                bare
                value={s[end]}
                placeholder={end === 'from' ? '09:00' : '17:00'}
                onChange={(v) => change(i, { [end]: v })}
                onBlur={() => change(i, { [end]: clockFrom(s[end]) })}
                isReadOnly={isReadOnly}
              />
            </Fragment>
          ))}
          {!isReadOnly && (
            <IconButton
              small
              label={t('form.remove', { name: `${of} ${s.from}–${s.to}` })}
              icon={<X size={16} aria-hidden />}
              onPress={() => onChange(spans.filter((_, at) => at !== i))}
            />
          )}
        </span>
      ))}
      {!isReadOnly && (
        <Button small onPress={() => onChange([...spans, nextSpan(spans)])} aria-label={t('hours.addSpan', { day: of })}>
          <Plus size={15} aria-hidden />
        </Button>
      )}
      {more}
    </span>
  )
}
