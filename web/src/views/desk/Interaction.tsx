import { Info } from 'lucide-react'
import { useEffect, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Call } from '@/api/types'
import { useLive } from '@/live/store'
import { clock } from '@/live/clock'
import { classes } from '@/ui/classes'
import { Since, Until } from '@/ui/Timer'
import { ConsultBar } from './ConsultBar'
import { Controls } from './Controls'
import { DialPad } from './DialPad'
import { Discard } from './Discard'
import { conversationSince, waited } from './moments'
import { useCustomer, usePlaceName, useWho } from './names'
import { Notes } from './Notes'
import { Participants } from './Participants'
import { partOf } from './tasks'
import { TargetDialog } from './TargetDialog'
import { Variables } from './Variables'
import css from './Interaction.module.css'

/** What is open above a conversation. */
export type Above = 'consult' | 'transfer' | 'keypad' | 'discard'

/** One conversation: who it is, how long it has been, what can be done, what is known. */
export function Interaction({ call, agent }: { call: Call; agent: string }) {
  const { t } = useTranslation('desk')
  const live = useLive((l) => l.link === 'live')
  const [above, setAbove] = useState<Above>()
  const part = partOf(call, agent)
  const controls = new Set(part?.controls)
  const close = () => setAbove(undefined)
  return (
    <div className={css.panel}>
      {/* Never disabled as a whole: a field would lose the focus with the line, and what is typed on be taken for keys that hold, mute and end. */}
      <fieldset className={css.panel}>
        <legend className="said">{t('conversation')}</legend>
        <section className={css.head}>
          <Head call={call} agent={agent} />
          {part?.role === 'consultant' && <Note text={t('youAreConsulted')} />}
          {call.phase === 'post_call' && <Note text={t('customerLeft')} />}
          <Controls call={call} agent={agent} controls={controls} isDisabled={!live} open={setAbove} />
          {call.consult && part?.primary && <ConsultBar call={call} consult={call.consult} controls={controls} isDisabled={!live} />}
        </section>
        <div className={css.columns}>
          <div className={css.column}>
            <Variables call={call} />
          </div>
          <div className={css.column}>
            <Participants call={call} agent={agent} controls={controls} isDisabled={!live} />
            <Notes call={call.id} />
          </div>
        </div>
      </fieldset>
      {(above === 'consult' || above === 'transfer') && <TargetDialog call={call} agent={agent} purpose={above} onClose={close} />}
      {above === 'keypad' && <DialPad call={call.id} onClose={close} />}
      {above === 'discard' && <Discard call={call.id} isPossible={live && controls.has('discard_recording')} onClose={close} />}
    </div>
  )
}

function Note({ text }: { text: string }) {
  return (
    <p className={css.note} role="status">
      <Info size={16} aria-hidden />
      {text}
    </p>
  )
}

function Head({ call, agent }: { call: Call; agent: string }) {
  const { t } = useTranslation('desk')
  const [, remember] = useWho(call.id)
  const id = useId()
  const customer = useCustomer()(call)
  const place = usePlaceName()
  const wait = waited(call)
  // For the wrap-up, when the call is no longer to be seen.
  useEffect(() => remember(customer.detail ? `${customer.title}, ${customer.detail}` : customer.title), [remember, customer.title, customer.detail])
  return (
    <div className={css.who}>
      <div>
        <h2 id={id} className={css.name}>
          {customer.title}
        </h2>
        <div className={css.facts}>
          {customer.detail && <span>{customer.detail}</span>}
          {call.queue && <span>{place('queue', call.queue)}</span>}
          {!call.queue && call.entry_point && <span>{place('entry_point', call.entry_point)}</span>}
          <span>{t('calledNumber', { number: call.to })}</span>
          {wait !== undefined && <span>{t('waited', { time: clock(wait) })}</span>}
          <Recording call={call} />
        </div>
      </div>
      <div className={css.clocks}>
        {call.held && call.held_since && (
          <div className={classes(css.clock, css.onHold)}>
            <span>{t('onHold')}</span>
            <Since at={call.held_since} />
          </div>
        )}
        <div className={css.clock}>
          <span>{t('inConversation')}</span>
          <Since at={conversationSince(call, agent)} />
        </div>
      </div>
    </div>
  )
}

/** Whether audio is being written (C15), or what was has been thrown away (C17). A pause counts only when the switch has confirmed it: until then it says so. */
function Recording({ call }: { call: Call }) {
  const { t } = useTranslation('desk')
  const { recording } = call
  if (call.recording_discarded) {
    return (
      <span className={classes(css.recording, css.paused)} role="status">
        <span className={css.dot} aria-hidden />
        {t('recording.discarded')}
      </span>
    )
  }
  if (!recording) return null
  const paused = recording.state === 'paused' || recording.state === 'resuming'
  return (
    <span className={classes(css.recording, paused && css.paused)} role="status">
      <span className={css.dot} aria-hidden />
      {t(`recording.${recording.state}`, { defaultValue: recording.state })}
      {recording.state === 'paused' && recording.resume_at && (
        <span>
          {t('recording.resumesIn')} <Until at={recording.resume_at} />
        </span>
      )}
    </span>
  )
}
