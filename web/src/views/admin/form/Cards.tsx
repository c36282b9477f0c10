import { useId } from 'react'
import { Label, RadioButton, RadioField, RadioGroup, Text } from 'react-aria-components'
import fieldCSS from '@/ui/Field.module.css'
import css from './Cards.module.css'

interface Choice {
  id: string
  label: string
  about: string | undefined
}

/** One of a few, each with a sentence, all to be seen at once: what to choose is easier to tell when one sees what else there is. */
export function Cards({
  label,
  hint,
  error,
  options,
  value,
  onChange,
  isReadOnly,
}: {
  label: string
  hint: string | undefined
  error: string | undefined
  options: readonly Choice[]
  value: string
  onChange: (value: string) => void
  isReadOnly: boolean
}) {
  const id = useId()
  return (
    <RadioGroup className={fieldCSS.field ?? ''} value={value} onChange={onChange} isDisabled={isReadOnly} isInvalid={Boolean(error)}>
      <Label className={fieldCSS.label}>{label}</Label>
      {hint && (
        <Text slot="description" className={fieldCSS.hint}>
          {hint}
        </Text>
      )}
      <div className={css.cards}>
        {options.map((o) => (
          <RadioField key={o.id} value={o.id} className={css.field ?? ''} aria-label={o.label} {...(o.about ? { 'aria-describedby': `${id}-${o.id}` } : {})}>
            <RadioButton className={css.card ?? ''}>
              <span className={css.dot} aria-hidden />
              <span>
                <span className={css.name}>{o.label}</span>
                {o.about && (
                  <span className={css.about} id={`${id}-${o.id}`}>
                    {o.about}
                  </span>
                )}
              </span>
            </RadioButton>
          </RadioField>
        ))}
      </div>
      {error && (
        <Text slot="errorMessage" className={fieldCSS.error}>
          {error}
        </Text>
      )}
    </RadioGroup>
  )
}
