import { ArrowRightFromLine, BellRing, DoorClosed, Headset, Hourglass, LogIn, MessagesSquare, Pause, PencilLine, Users } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Tag, type Look } from '@/ui/Tag'
import type { Doing } from './calls'

const looks: Record<Doing, Look> = {
  routing: { icon: LogIn, tone: 'off' },
  waiting: { icon: Hourglass, tone: 'warn' },
  ringing: { icon: BellRing, tone: 'ring' },
  talking: { icon: Headset, tone: 'busy' },
  held: { icon: Pause, tone: 'after' },
  consulting: { icon: MessagesSquare, tone: 'after' },
  conference: { icon: Users, tone: 'busy' },
  post_call: { icon: PencilLine, tone: 'off' },
  outside: { icon: ArrowRightFromLine, tone: 'after' },
  closing: { icon: DoorClosed, tone: 'off' },
}

/** What a call is doing: a picture, a word and a colour. */
export function DoingBadge({ doing }: { doing: Doing }) {
  const { t } = useTranslation('supervisor')
  return <Tag {...looks[doing]}>{t(`doing.${doing}`)}</Tag>
}
