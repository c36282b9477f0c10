import { Headset, Pause, Phone, Play, UserRound, UserX } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Call, Control, Participant } from '@/api/types'
import { IconButton } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { withParticipant } from './deeds'
import { useParticipantName } from './names'
import css from './Participants.module.css'

const icons = { customer: UserRound, agent: Headset, consultant: Headset, outside: Phone }

/** Everybody in the conversation; each can be held and disconnected where the server says so (C14). */
export function Participants({ call, agent, controls, isDisabled }: { call: Call; agent: string; controls: ReadonlySet<Control>; isDisabled: boolean }) {
  const { t } = useTranslation('desk')
  const nameOf = useParticipantName()
  const may = controls.has('participants')
  return (
    <Card title={t('participants.title')} aside={<span className={css.what}>{call.participants?.length ?? 0}</span>}>
      <ul>
        {call.participants?.map((p) => {
          const Icon = icons[p.role]
          const name = nameOf(call, p)
          const me = p.agent === agent
          return (
            <li key={p.leg} className={css.row}>
              <span className={css.mark}>
                <Icon size={16} aria-hidden />
              </span>
              <span className={css.name}>
                {me ? t('participants.me', { name }) : name}
                <State p={p} />
              </span>
              {may && !me && (
                <>
                  <IconButton
                    small
                    isDisabled={isDisabled || p.ringing}
                    label={p.held ? t('participants.resume', { name }) : t('participants.hold', { name })}
                    icon={p.held ? <Play size={16} aria-hidden /> : <Pause size={16} aria-hidden />}
                    onPress={() => void withParticipant(call.id, p.leg, p.held ? 'resume' : 'hold')}
                  />
                  <IconButton
                    small
                    isDisabled={isDisabled}
                    label={t('participants.disconnect', { name })}
                    icon={<UserX size={16} aria-hidden />}
                    onPress={() => void withParticipant(call.id, p.leg, 'disconnect')}
                  />
                </>
              )}
            </li>
          )
        })}
      </ul>
    </Card>
  )
}

function State({ p }: { p: Participant }) {
  const { t } = useTranslation('desk')
  const words = [p.role === 'agent' && p.primary ? t('participants.primary') : t(`participants.${p.role}`)]
  if (p.ringing) words.push(t('participants.ringing'))
  if (p.muted) words.push(t('participants.muted'))
  return (
    <span className={css.what}>
      {words.join(' · ')}
      {p.held && <span className={css.held}> · {t('participants.held')}</span>}
    </span>
  )
}
