import { ArrowRightFromLine, BellRing, DoorClosed, Headset, Hourglass, LogIn, MessagesSquare, Pause, PencilLine, Users, type LucideIcon } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { classes } from '@/ui/classes'
import type { Doing } from './calls'
import css from './DoingBadge.module.css'

const marks: Record<Doing, LucideIcon> = {
  routing: LogIn,
  waiting: Hourglass,
  ringing: BellRing,
  talking: Headset,
  held: Pause,
  consulting: MessagesSquare,
  conference: Users,
  post_call: PencilLine,
  outside: ArrowRightFromLine,
  closing: DoorClosed,
}

/** What a call is doing: a picture, a word and a colour. */
export function DoingBadge({ doing }: { doing: Doing }) {
  const { t } = useTranslation('supervisor')
  const Mark = marks[doing]
  return (
    <span className={classes(css.badge, css[doing])} data-doing={doing}>
      <Mark size={14} aria-hidden />
      {t(`doing.${doing}`)}
    </span>
  )
}
