import { useTranslation } from 'react-i18next'
import fieldCSS from '@/ui/Field.module.css'
import { useOptions } from '../setup'
import { Adder } from './Adder'
import { Chips } from './Chips'
import type { Source } from './fields'
import { Group } from './Group'

/** Any number of what there is. */
export function Many({
  label,
  hint,
  error,
  of,
  value,
  onChange,
  isReadOnly,
}: {
  label: string
  hint: string | undefined
  error: string | undefined
  of: Source
  value: readonly string[]
  onChange: (value: string[]) => void
  isReadOnly: boolean
}) {
  const { t } = useTranslation('admin')
  const options = useOptions(of)
  return (
    <Group label={label} hint={hint} error={error}>
      <Chips
        items={value.map((id) => ({ id, label: options.find((o) => o.id === id)?.label ?? id }))}
        onRemove={isReadOnly ? undefined : (i) => onChange(value.filter((_, at) => at !== i))}
      />
      {!isReadOnly && <Adder label={t('form.add', { label })} options={options.filter((o) => !value.includes(o.id))} onAdd={(id) => onChange([...value, id])} />}
      {isReadOnly && value.length === 0 && <p className={fieldCSS.hint}>–</p>}
    </Group>
  )
}
