import { X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { components } from '@/api/schema'
import { IconButton } from '@/ui/Button'
import { classes } from '@/ui/classes'
import { Checkbox } from '@/ui/Field'
import type { EditorProps } from './fields'
import css from './Form.module.css'
import { Group } from './Group'
import { Small } from './Members'
import { SkillAdder } from './SkillAdder'

type Need = components['schemas']['SkillNeed']

/** What a queue asks of whoever serves it (Q7). */
export function SkillNeeds({ draft, set, error, item, isReadOnly }: EditorProps) {
  const { t } = useTranslation('admin')
  const needs = (draft.skills ?? []) as Need[]
  const put = (next: Need[]) => set('skills', next)
  const change = (i: number, part: Partial<Need>) => put(needs.map((n, at) => (at === i ? { ...n, ...part } : n)))
  return (
    <Group label={t('queues.skills')} hint={t('queues.skills_hint')} error={error}>
      {needs.length > 0 && (
        <ul className={css.rows}>
          {needs.map((n, i) => (
            <li key={n.skill} className={classes(css.row, item === i && css.rowWrong)}>
              <span className={css.rowName}>{n.skill}</span>
              <Small label={t('skills.level')} of={n.skill} value={n.level} onChange={(level) => change(i, { level: level as number })} isReadOnly={isReadOnly} />
              <Checkbox isSelected={n.required ?? false} onChange={(required) => change(i, { required })} isDisabled={isReadOnly}>
                {t('skills.required')}
              </Checkbox>
              {!isReadOnly && (
                <IconButton small label={t('form.remove', { name: n.skill })} icon={<X size={16} aria-hidden />} onPress={() => put(needs.filter((_, at) => at !== i))} />
              )}
            </li>
          ))}
        </ul>
      )}
      {!isReadOnly && <SkillAdder has={needs.map((n) => n.skill)} onAdd={(skill) => put([...needs, { skill, level: 5, required: true }])} />}
    </Group>
  )
}
