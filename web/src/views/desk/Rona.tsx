import { useTranslation } from 'react-i18next'
import type { AgentView } from '@/api/types'
import { setState, useIdleReasons } from '@/app/AgentBar'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import css from './Rona.module.css'

/** A request was not answered: no more calls come until the agent says how to go on (Q3). */
export function Rona({ agent }: { agent: AgentView }) {
  const { t } = useTranslation('desk')
  const reasons = useIdleReasons(agent.tenant)
  const live = useLive((l) => l.link === 'live')
  return (
    <Dialog title={t('rona.title')} isOpen={agent.state === 'rona'} alert>
      <p>{t('rona.text')}</p>
      <div className={css.choices}>
        <Button look="primary" autoFocus isDisabled={!live} onPress={() => void setState(agent.id, 'available')}>
          {t('rona.available')}
        </Button>
        <p className={css.sub}>{t('rona.idle')}</p>
        <div className={css.reasons}>
          {reasons.map((r) => (
            <Button key={r} isDisabled={!live} onPress={() => void setState(agent.id, 'idle', r)}>
              {t(`idleReason.${r}`, { ns: 'common', defaultValue: r })}
            </Button>
          ))}
        </div>
      </div>
    </Dialog>
  )
}
