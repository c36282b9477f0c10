import { CircleDot, CirclePause, Grip, Mic, MicOff, PhoneForwarded, PhoneOff, Pause, Play, Trash2, Undo2, Users } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Call, Control } from '@/api/types'
import { Button, type Look } from '@/ui/Button'
import { act } from './deeds'
import type { Above } from './Interaction'
import { keyOf, useShortcuts, type Shortcut } from './shortcuts'
import { partOf } from './tasks'
import css from './Interaction.module.css'

/**
 * What can be done with the conversation. The server says what is possible (C3, C6, C13 ...); what is not possible at the moment stays where it is, greyed, so that hands
 * find the buttons without looking.
 */
export function Controls({
  call,
  agent,
  controls,
  isDisabled,
  open,
}: {
  call: Call
  agent: string
  controls: ReadonlySet<Control>
  isDisabled: boolean
  open: (what: Above) => void
}) {
  const { t } = useTranslation('desk')
  const part = partOf(call, agent)
  const can = (c: Control) => !isDisabled && controls.has(c)
  const when = (c: Control, deed: () => void) => (can(c) ? deed : undefined)
  const held = call.held
  const muted = part?.muted ?? call.muted
  const consultant = part?.role === 'consultant'

  const hold = held ? when('resume', () => void act(call.id, 'resume')) : when('hold', () => void act(call.id, 'hold'))
  const mute = muted ? when('unmute', () => void act(call.id, 'unmute')) : when('mute', () => void act(call.id, 'mute'))
  const recording = controls.has('resume_recording')
    ? when('resume_recording', () => void act(call.id, 'recording/resume'))
    : when('pause_recording', () => void act(call.id, 'recording/pause'))
  const consult = when('consult', () => open('consult'))
  const transfer = when('transfer', () => open('transfer'))
  const keypad = when('digits', () => open('keypad'))
  const end = when('end', () => void act(call.id, 'end'))
  const leave = when('leave', () => void act(call.id, 'leave'))
  // Where the recording is kept in any case, there is nothing to offer.
  const discards = controls.has('discard_recording') || part?.withheld?.some((w) => w.code === 'switch_down')
  useShortcuts({ hold, mute, recording, consult, transfer, keypad, end })

  return (
    <div className={css.controls} role="toolbar" aria-label={t('control.label')}>
      {!consultant && (
        <Deed id="hold" deed={hold} icon={held ? <Play size={17} aria-hidden /> : <Pause size={17} aria-hidden />} text={held ? t('control.resume') : t('control.hold')} look={held ? 'primary' : 'secondary'} />
      )}
      <Deed id="mute" deed={mute} icon={muted ? <MicOff size={17} aria-hidden /> : <Mic size={17} aria-hidden />} text={muted ? t('control.unmute') : t('control.mute')} look={muted ? 'primary' : 'secondary'} />
      {!consultant && (
        <>
          <Deed id="consult" deed={consult} icon={<Users size={17} aria-hidden />} text={t('control.consult')} />
          <Deed id="transfer" deed={transfer} icon={<PhoneForwarded size={17} aria-hidden />} text={t('control.transfer')} />
          <Deed id="keypad" deed={keypad} icon={<Grip size={17} aria-hidden />} text={t('control.keypad')} />
        </>
      )}
      {call.recording && !consultant && (
        <Deed
          id="recording"
          deed={recording}
          icon={controls.has('resume_recording') ? <CircleDot size={17} aria-hidden /> : <CirclePause size={17} aria-hidden />}
          text={controls.has('resume_recording') ? t('control.resumeRecording') : t('control.pauseRecording')}
        />
      )}
      {call.recording && discards && !consultant && (
        <Button onPress={() => open('discard')} isDisabled={!can('discard_recording')}>
          <Trash2 size={17} aria-hidden />
          {t('control.discardRecording')}
        </Button>
      )}
      {controls.has('leave') && (
        <Button onPress={() => leave?.()} isDisabled={!leave}>
          <Undo2 size={17} aria-hidden />
          {t('control.leave')}
        </Button>
      )}
      {!consultant && (
        <span className={css.end}>
          <Deed id="end" deed={end} icon={<PhoneOff size={17} aria-hidden />} text={t('control.end')} look="danger" />
        </span>
      )}
    </div>
  )
}

/** A button with the key that does the same. */
function Deed({ id, deed, icon, text, look }: { id: Shortcut; deed: (() => void) | undefined; icon: ReactNode; text: string; look?: Look }) {
  return (
    <Button look={look ?? 'secondary'} onPress={() => deed?.()} isDisabled={!deed} aria-keyshortcuts={keyOf(id).replace('⇧ ', 'Shift+')}>
      {icon}
      {text}
    </Button>
  )
}
