import { X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { IconButton } from '@/ui/Button'
import { classes } from '@/ui/classes'
import type { EditorProps } from './fields'
import css from './Form.module.css'
import { Group } from './Group'
import { Small } from './Members'
import { SkillAdder } from './SkillAdder'

/** What an agent can, and how well: 1 to 10 (Q7). */
export function SkillLevels({ draft, set, error, isReadOnly }: EditorProps) {
  const { t } = useTranslation('admin')
  const skills = Object.entries((draft.skills ?? {}) as Record<string, number>)
  const put = (next: [string, number][]) => set('skills', Object.fromEntries(next))
  return (
    <Group label={t('agents.skills')} hint={t('agents.skills_hint')} error={error}>
      {skills.length > 0 && (
        <ul className={css.rows}>
          {skills.map(([skill, level], i) => (
            <li key={skill} className={classes(css.row, error?.includes(skill) && css.rowWrong)}>
              <span className={css.rowName}>{skill}</span>
              <Small
                label={t('skills.level')}
                of={skill}
                value={level}
                onChange={(v) => put(skills.map((s, at) => (at === i ? [skill, v as number] : s)))}
                isReadOnly={isReadOnly}
              />
              {!isReadOnly && (
                <IconButton small label={t('form.remove', { name: skill })} icon={<X size={16} aria-hidden />} onPress={() => put(skills.filter((_, at) => at !== i))} />
              )}
            </li>
          ))}
        </ul>
      )}
      {!isReadOnly && <SkillAdder has={skills.map(([s]) => s)} onAdd={(skill) => put([...skills, [skill, 5]])} />}
    </Group>
  )
}
