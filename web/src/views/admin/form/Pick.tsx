import { Check, ChevronDown } from 'lucide-react'
import { Button as Pressable, ComboBox, Input, Label, ListBox, ListBoxItem, Popover, Text } from 'react-aria-components'
import { useTranslation } from 'react-i18next'
import { classes } from '@/ui/classes'
import type { Option } from '@/ui/Field'
import fieldCSS from '@/ui/Field.module.css'
import css from './Form.module.css'

/** One of many, found by typing. */
export function Pick({
  label,
  hint,
  error,
  bare,
  options,
  value,
  onPick,
  isReadOnly,
  placeholder,
}: {
  label: string
  hint?: string | undefined
  error?: string | undefined
  bare?: boolean
  options: readonly Option[]
  value: string | null
  onPick: (id: string) => void
  isReadOnly?: boolean
  placeholder?: string
}) {
  const { t } = useTranslation('admin')
  // What is not there any more is shown all the same: it has to be seen to be changed.
  const known = value === null || value === '' || options.some((o) => o.id === value) ? options : [...options, { id: value, label: value }]
  return (
    <ComboBox
      className={fieldCSS.field ?? ''}
      value={value === '' ? null : value}
      onChange={(k) => {
        if (k !== null) onPick(String(k))
      }}
      defaultItems={known}
      menuTrigger="focus"
      isInvalid={Boolean(error)}
      isReadOnly={isReadOnly ?? false}
      validationBehavior="aria"
      allowsEmptyCollection
    >
      <Label className={bare ? 'said' : fieldCSS.label}>{label}</Label>
      <div className={css.combo}>
        <Input className={fieldCSS.input ?? ''} placeholder={placeholder ?? t('form.choose')} />
        {!isReadOnly && (
          <Pressable className={css.arrow ?? ''}>
            <ChevronDown size={16} aria-hidden />
          </Pressable>
        )}
      </div>
      {hint && (
        <Text slot="description" className={fieldCSS.hint}>
          {hint}
        </Text>
      )}
      {error && (
        <Text slot="errorMessage" className={fieldCSS.error}>
          {error}
        </Text>
      )}
      <Popover className={fieldCSS.popover ?? ''} offset={4}>
        <ListBox<Option> className={fieldCSS.list ?? ''} renderEmptyState={() => <p className={css.nothing}>{t('form.nothing')}</p>}>
          {(o) => (
            <ListBoxItem id={o.id} textValue={o.label} className={classes(fieldCSS.option)}>
              {({ isSelected }) => (
                <>
                  {o.label}
                  {o.id !== o.label && o.id !== '-' && <span className={css.id}>{o.id}</span>}
                  {isSelected && <Check className={fieldCSS.tick} size={16} aria-hidden />}
                </>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </ComboBox>
  )
}
