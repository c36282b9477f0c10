import { useId } from 'react'
import { useTranslation } from 'react-i18next'
import { Card } from '@/ui/Card'
import { classes } from '@/ui/classes'
import { Checkbox, Select, TextField } from '@/ui/Field'
import fieldCSS from '@/ui/Field.module.css'
import type { Kind } from '../kinds/kind'
import { useOptions } from '../setup'
import { Cards } from './Cards'
import { idFrom, itemOf, numberFrom, numberText, valueAt, type Draft } from './draft'
import type { Field, Section, Source } from './fields'
import { Many } from './Many'
import { Pick } from './Pick'
import { useWords } from './texts'
import { WordList } from './WordList'
import css from './Form.module.css'

/** A complaint at the field that it is about; `raw` is its name as the server said it. */
export interface Complaint {
  field: string
  raw: string
  text: string
}

interface FormProps {
  texts: Kind['texts']
  sections: readonly Section<never>[]
  draft: Draft
  set: (name: string, value: unknown) => void
  complaints: readonly Complaint[]
  isNew: boolean
  isReadOnly: boolean
}

/** A form, drawn from its description. */
export function Form({ texts, sections, ...rest }: FormProps) {
  const words = useWords(texts)
  return sections
    .filter((s) => s.when?.(rest.draft) ?? true)
    .map((s) => {
      const hint = words(`section_${s.id}_hint`)
      return (
        <Card key={s.id} title={words(`section_${s.id}`) ?? s.id}>
          {hint && <p className={css.about}>{hint}</p>}
          <div className={css.fields}>
            {s.fields
              .filter((f) => (f.when?.(rest.draft) ?? true) && (rest.isNew || !f.onlyNew))
              .map((f) => (
                <div key={f.name} className={classes(css.cell, f.wide && css.wide)} data-field={f.name}>
                  <FieldView texts={texts} field={f as Field<unknown>} {...rest} />
                </div>
              ))}
          </div>
        </Card>
      )
    })
}

function FieldView({ texts, field, draft, set, complaints, isReadOnly }: Omit<FormProps, 'sections'> & { field: Field<unknown> }) {
  const { t } = useTranslation('admin')
  const words = useWords(texts)
  const name: string = field.name
  const label = words(name) ?? name
  const hint = words(`${name}_hint`)
  const value = valueAt(draft, name)
  const complaint = complaints.find((c) => c.field === name)
  const error = complaint?.text
  const described = { label, hint, error }
  switch (field.as) {
    case 'text':
      return (
        <TextField
          {...described}
          value={(value ?? '') as string}
          onChange={(v) => set(name, v)}
          isReadOnly={isReadOnly}
          isRequired={field.isRequired ?? false}
          validationBehavior="aria"
          {...(field.mode ? { inputMode: field.mode } : {})}
          {...(field.placeholder ? { placeholder: field.placeholder } : {})}
        />
      )
    case 'id':
      return (
        <TextField
          {...described}
          label={t('form.id')}
          hint={t('form.idHint')}
          value={(value ?? idFrom((draft.name ?? '') as string)) as string}
          onChange={(v) => set(name, v)}
          isReadOnly={isReadOnly}
        />
      )
    case 'flag': {
      const on = Boolean(value) !== Boolean(field.isInverted)
      return (
        <Flag label={label} hint={hint} error={error} isSelected={on} isDisabled={isReadOnly} onChange={(v) => set(name, v !== Boolean(field.isInverted))} />
      )
    }
    case 'number':
    case 'seconds': {
      const usual = field.usual === undefined ? t('form.none') : t('form.usual', { value: field.usual })
      return (
        <div className={css.quantity}>
          <TextField
            {...described}
            label={field.as === 'seconds' ? t('form.seconds', { label }) : label}
            value={numberText(value)}
            onChange={(v) => set(name, numberFrom(v))}
            placeholder={usual}
            inputMode="decimal"
            isReadOnly={isReadOnly}
          />
        </div>
      )
    }
    case 'choice': {
      const chosen = (value as string | undefined) || field.byDefault
      return (
        <Select
          {...described}
          options={[...new Set([...field.of, ...(chosen ? [chosen] : [])])].map((id) => ({ id: id || none, label: words(`${name}_${id || 'none'}`) ?? id }))}
          value={chosen ?? none}
          onChange={(v) => set(name, v === none ? '' : v)}
          isDisabled={isReadOnly}
        />
      )
    }
    case 'cards':
      return (
        <Cards
          {...described}
          options={field.of.map((id) => ({ id, label: words(`${name}_${id}`) ?? id, about: words(`${name}_${id}_hint`) }))}
          value={(value as string) || field.byDefault}
          onChange={(v) => set(name, v)}
          isReadOnly={isReadOnly}
        />
      )
    case 'one':
      return <One {...described} field={field} value={(value ?? '') as string} set={(v) => set(name, v)} isReadOnly={isReadOnly} noneText={words(`${name}_none`)} />
    case 'many':
      return <Many {...described} of={field.of} value={(value ?? []) as string[]} onChange={(v) => set(name, v)} isReadOnly={isReadOnly} />
    case 'words':
      return (
        <WordList
          {...described}
          value={(value ?? []) as string[]}
          onChange={(v) => set(name, v)}
          read={field.read}
          wrong={itemOf(complaint?.raw)}
          isReadOnly={isReadOnly}
        />
      )
    case 'own': {
      const own = complaint ?? complaints.find((c) => field.also?.includes(c.field as never))
      return <field.edit draft={draft} set={set} error={own?.text} item={itemOf(own?.raw)} isReadOnly={isReadOnly} />
    }
  }
}

const none = '-'

function One({
  field,
  value,
  set,
  noneText,
  ...rest
}: {
  field: { of: Source; none: boolean }
  label: string
  hint: string | undefined
  error: string | undefined
  value: string
  set: (v: string) => void
  noneText: string | undefined
  isReadOnly: boolean
}) {
  const options = useOptions(field.of)
  return (
    <Pick
      {...rest}
      options={field.none ? [{ id: none, label: noneText ?? '–' }, ...options] : options}
      value={value || (field.none ? none : null)}
      onPick={(v) => set(v === none ? '' : v)}
    />
  )
}

/** Yes or no, with what it means. */
function Flag({
  label,
  hint,
  error,
  ...rest
}: {
  label: string
  hint: string | undefined
  error: string | undefined
  isSelected: boolean
  isDisabled: boolean
  onChange: (on: boolean) => void
}) {
  const id = useId()
  return (
    <div className={css.flag}>
      <Checkbox {...rest} {...(hint || error ? { 'aria-describedby': id } : {})}>
        {label}
      </Checkbox>
      {(hint || error) && (
        <p id={id} className={error ? fieldCSS.error : fieldCSS.hint}>
          {error ?? hint}
        </p>
      )}
    </div>
  )
}
