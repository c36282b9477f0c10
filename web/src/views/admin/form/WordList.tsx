import { Plus } from 'lucide-react'
import { useState } from 'react'
import { flushSync } from 'react-dom'
import { useTranslation } from 'react-i18next'
import { Button } from '@/ui/Button'
import { TextField } from '@/ui/Field'
import { Chips } from './Chips'
import css from './Form.module.css'
import { Group } from './Group'

/** Texts that are typed in one after the other; a pasted list becomes as many. */
export function WordList({
  label,
  hint,
  error,
  value,
  onChange,
  read = lines,
  wrong,
  isReadOnly,
}: {
  label: string
  hint: string | undefined
  error: string | undefined
  value: readonly string[]
  onChange: (value: string[]) => void
  /** Makes items of what was typed. */
  read?: ((text: string) => string[]) | undefined
  wrong: number | undefined
  isReadOnly: boolean
}) {
  const { t } = useTranslation('admin')
  const [typed, setTyped] = useState('')
  const add = () => {
    const found = read(typed)
    if (found.length > 0) onChange([...new Set([...value, ...found])])
    setTyped('')
  }
  return (
    <Group label={label} hint={hint} error={error}>
      <Chips items={value.map((v) => ({ id: v, label: v }))} wrong={wrong} onRemove={isReadOnly ? undefined : (i) => onChange(value.filter((_, at) => at !== i))} />
      {!isReadOnly && (
        // What was typed and not added yet counts as well when the field is left: nobody means to write it in vain.
        <div className={css.adding}>
          <TextField
            label={t('form.add', { label })}
            bare
            placeholder={t('form.typeToAdd')}
            value={typed}
            onChange={setTyped}
            onBlur={() => afterPress(add)}
            onKeyDown={(e) => {
              if (e.key === 'Enter') {
                e.preventDefault()
                add()
              }
              if (e.key === 'Backspace' && typed === '' && value.length > 0) onChange(value.slice(0, -1))
            }}
          />
          <Button small onPress={add} aria-label={t('form.add', { label })}>
            <Plus size={15} aria-hidden />
            {t('form.addOne')}
          </Button>
        </div>
      )}
    </Group>
  )
}

/** Takes what was typed at once, or, where a press has left the field, with its click: a list that grows before would move away what is being pressed. */
function afterPress(take: () => void) {
  if (document.querySelector(':active:not(html):not(body)') === null) take()
  else globalThis.addEventListener('click', () => flushSync(take), { capture: true, once: true })
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((l) => l.trim())
    .filter(Boolean)
}
