import { BellOff, BellRing, CircleCheck, Coffee, Headset, PencilLine, Power } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { AgentState } from '@/api/types'
import { classes } from './classes'
import css from './State.module.css'
import { Tag, type Look } from './Tag'

/** A state has a picture as well as a colour, so that it is told without the colour. */
const looks: Record<AgentState, Required<Look>> = {
  offline: { icon: Power, tone: 'off' },
  available: { icon: CircleCheck, tone: 'good' },
  idle: { icon: Coffee, tone: 'warn' },
  reserved: { icon: BellRing, tone: 'ring' },
  engaged: { icon: Headset, tone: 'busy' },
  wrap_up: { icon: PencilLine, tone: 'after' },
  rona: { icon: BellOff, tone: 'bad' },
}

export function StateMark({ state, size = 16 }: { state: AgentState; size?: number }) {
  const { icon: Mark, tone } = looks[state]
  return (
    <span className={classes(css[tone], css.mark)} aria-hidden>
      <Mark size={size} />
    </span>
  )
}

/** An agent's state as a word in its colour; of idle the reason instead. */
export function StateBadge({ state, reason }: { state: AgentState; reason?: string | undefined }) {
  const { t } = useTranslation()
  return (
    <Tag {...looks[state]}>
      {state === 'idle' && reason ? t('state.idleFor', { reason: t(`idleReason.${reason}`, { defaultValue: reason }) }) : t(`state.${state}`)}
    </Tag>
  )
}
