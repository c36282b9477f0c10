import { ArrowLeftRight, PhoneForwarded, PhoneOff, UsersRound } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { Call, Consult, Control } from '@/api/types'
import { Button } from '@/ui/Button'
import { Since } from '@/ui/Timer'
import { act } from './deeds'
import { useConsultName } from './names'
import { useShortcuts } from './shortcuts'
import css from './Interaction.module.css'

/** A consult that rings or goes on: with whom one speaks, and what can become of it (C4 to C11). */
export function ConsultBar({ call, consult, controls, isDisabled }: { call: Call; consult: Consult; controls: ReadonlySet<Control>; isDisabled: boolean }) {
  const { t } = useTranslation('desk')
  const name = useConsultName()(consult)
  const when = (c: Control, deed: () => void) => (!isDisabled && controls.has(c) ? deed : undefined)
  const toggle = when('toggle', () => void act(call.id, 'consult/toggle'))
  const merge = when('merge', () => void act(call.id, 'consult/merge'))
  const complete = when('complete_transfer', () => void act(call.id, 'consult/transfer'))
  const end = when('end_consult', () => void act(call.id, 'consult/end'))
  useShortcuts({ toggle, merge, ...(complete ? { transfer: complete } : {}) })
  return (
    <div className={css.consult}>
      <p role="status">
        <strong>{t('consult.with', { name })}</strong>
        {consult.joins ? t('consult.joins') : !consult.answered ? t('consult.ringing') : consult.with_customer ? t('consult.heldConsultant') : t('consult.talking')}{' '}
        <Since at={consult.answered_at ?? consult.since} />
      </p>
      <div className={css.buttons}>
        <Button onPress={() => toggle?.()} isDisabled={!toggle} aria-keyshortcuts="S">
          <ArrowLeftRight size={17} aria-hidden />
          {consult.with_customer ? t('consult.toConsultant', { name }) : t('consult.toCustomer')}
        </Button>
        <Button onPress={() => merge?.()} isDisabled={!merge} aria-keyshortcuts="J">
          <UsersRound size={17} aria-hidden />
          {t('consult.merge')}
        </Button>
        <Button onPress={() => complete?.()} isDisabled={!complete} aria-keyshortcuts="T">
          <PhoneForwarded size={17} aria-hidden />
          {t('consult.transfer')}
        </Button>
        <Button onPress={() => end?.()} isDisabled={!end}>
          <PhoneOff size={17} aria-hidden />
          {t('consult.end')}
        </Button>
      </div>
    </div>
  )
}
