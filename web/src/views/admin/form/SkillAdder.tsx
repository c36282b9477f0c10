import { Plus } from 'lucide-react'
import { useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/ui/Button'
import { TextField } from '@/ui/Field'
import { useOptions } from '../setup'
import css from './Form.module.css'

/** Adds a skill: one that there is, by its name or with one press, or a new one. */
export function SkillAdder({ has, onAdd }: { has: readonly string[]; onAdd: (skill: string) => void }) {
  const { t } = useTranslation('admin')
  const id = useId()
  const [typed, setTyped] = useState('')
  const others = useOptions('skills').filter((o) => !has.includes(o.id))
  const add = (skill: string) => {
    if (skill && !has.includes(skill)) onAdd(skill)
    setTyped('')
  }
  return (
    <div className={css.stack}>
      <div className={css.adding}>
        <TextField
          id={id}
          label={t('skills.add')}
          bare
          placeholder={t('skills.add')}
          value={typed}
          onChange={setTyped}
          onKeyDown={(e) => {
            if (e.key === 'Enter') {
              e.preventDefault()
              add(typed.trim())
            }
          }}
        />
        <Button small onPress={() => add(typed.trim())} aria-label={t('skills.add')}>
          <Plus size={15} aria-hidden />
          {t('form.addOne')}
        </Button>
      </div>
      {others.length > 0 && (
        <div className={css.chips}>
          {others.slice(0, 12).map((o) => (
            <Button key={o.id} small look="quiet" onPress={() => add(o.id)}>
              <Plus size={14} aria-hidden />
              {o.label}
            </Button>
          ))}
        </div>
      )}
    </div>
  )
}
