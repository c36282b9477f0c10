import { BellOff, BellRing, CircleCheck, Coffee, Headset, PencilLine, Power, type LucideIcon } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { AgentState } from '@/api/types'
import { classes } from './classes'
import css from './State.module.css'

/** A state has a picture as well as a colour, so that it is told without the colour. */
const marks: Record<AgentState, LucideIcon> = {
  offline: Power,
  available: CircleCheck,
  idle: Coffee,
  reserved: BellRing,
  engaged: Headset,
  wrap_up: PencilLine,
  rona: BellOff,
}

export function StateMark({ state, size = 16 }: { state: AgentState; size?: number }) {
  const Mark = marks[state]
  return (
    <span className={classes(css[state], css.mark)} aria-hidden>
      <Mark size={size} className={css.mark} />
    </span>
  )
}

/** An agent's state as a word in its colour; of idle the reason instead. */
export function StateBadge({ state, reason }: { state: AgentState; reason?: string | undefined }) {
  const { t } = useTranslation()
  return (
    <span className={classes(css.state, css[state])} data-state={state}>
      <StateMark state={state} size={14} />
      {state === 'idle' && reason ? t('state.idleFor', { reason: t(`idleReason.${reason}`, { defaultValue: reason }) }) : t(`state.${state}`)}
    </span>
  )
}
