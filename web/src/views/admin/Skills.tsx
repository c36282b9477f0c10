import { GraduationCap } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Page } from '@/app/Page'
import { Card, Empty } from '@/ui/Card'
import { LinkButton } from './LinkButton'
import { kinds } from './kinds'
import { useOptions, useSkills } from './setup'
import css from './Views.module.css'

/** Which skills there are: who has them and who asks for them. They are made where they are used. */
export function Skills() {
  const { t } = useTranslation('admin')
  const skills = useSkills()
  const agents = useOptions('agents')
  const queues = useOptions('queues')
  const name = (of: typeof agents, id: string) => of.find((o) => o.id === id)?.label ?? id
  const [Agent, Queue] = [kinds.agents.icon, kinds.queues.icon]
  return (
    <Page title={t('skills.title')}>
      <p className={css.about}>{t('skills.about')}</p>
      {skills.data?.items.length === 0 && (
        <Empty icon={GraduationCap} title={t('skills.none')}>
          <p>{t('skills.teach')}</p>
        </Empty>
      )}
      <div className={css.grid}>
        {skills.data?.items.map((s) => (
          <Card key={s.skill} title={s.skill}>
            {s.queues.length > 0 && s.agents.length === 0 && <p className={css.warn}>{t('skills.nobody')}</p>}
            <h3 className={css.sub}>{t('skills.agents')}</h3>
            <div className={css.links}>
              {s.agents.map((a) => (
                <LinkButton key={a.agent} to="/admin/$kind/$id" params={{ kind: 'agents', id: a.agent }} label={`${name(agents, a.agent)} · ${a.level}`} icon={<Agent size={15} aria-hidden />} text />
              ))}
              {s.agents.length === 0 && '–'}
            </div>
            <h3 className={css.sub}>{t('skills.queues')}</h3>
            <div className={css.links}>
              {s.queues.map((q) => (
                <LinkButton
                  key={q.queue}
                  to="/admin/$kind/$id"
                  params={{ kind: 'queues', id: q.queue }}
                  label={`${name(queues, q.queue)} · ${q.required ? '≥' : '~'} ${q.level}`}
                  icon={<Queue size={15} aria-hidden />}
                  text
                />
              ))}
              {s.queues.length === 0 && '–'}
            </div>
          </Card>
        ))}
      </div>
    </Page>
  )
}
