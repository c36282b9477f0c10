import { Headset, Phone, PhoneOff, UserRound } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask, deed } from '@/api/client'
import type { Call, Participant } from '@/api/types'
import { attempt } from '@/app/failure'
import { useMe } from '@/app/session'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Facts } from '@/ui/Facts'
import { notify } from '@/ui/notice'
import { Since, Until } from '@/ui/Timer'
import { Timeline } from '@/views/calls/Timeline'
import { useCustomer, useParticipantName } from '@/views/desk/names'
import { doing, doingSince } from './calls'
import { DoingBadge } from './DoingBadge'
import { AgentName, QueueName } from './Marks'
import { Why } from './Why'
import css from './CallDrawer.module.css'

/** One call, followed live beside the boards: who is in it, why nobody rings, and its story. When it ends, what was known last stays to be read. */
export function CallDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const live = useLive((l) => l.calls.get(id))
  const last = useLast(live)
  return last && <Opened call={last} over={live === undefined} onClose={onClose} />
}

/** The newest value that there was. */
function useLast<T>(value: T | undefined): T | undefined {
  const [last, setLast] = useState(value)
  if (value !== undefined && value !== last) setLast(value)
  return value ?? last
}

function Opened({ call, over, onClose }: { call: Call; over: boolean; onClose: () => void }) {
  const { t } = useTranslation('supervisor')
  const customer = useCustomer()(call)
  const may = useMe().may
  const state = doing(call)
  return (
    <Dialog title={customer.title} isOpen onClose={onClose} side>
      {customer.detail && <p className={css.soft}>{customer.detail}</p>}
      {over ? (
        <p className={css.over} role="status">
          {t('call.over')}
        </p>
      ) : (
        <p className={css.state}>
          <DoingBadge doing={state} />
          <Since at={doingSince(call)} className={css.timer ?? ''} />
        </p>
      )}
      <Facts
        of={[
          { name: t('call.called'), value: call.to },
          call.queue !== undefined && { name: t('call.place'), value: <QueueName id={call.queue} /> },
          !over && { name: t('call.inAll'), value: <Since at={call.arrived_at} /> },
        ]}
      />
      {!over && call.phase === 'waiting' && may.includes('explainCall') && <Why call={call} />}
      {!over && (call.participants?.length ?? 0) > 0 && (
        <section>
          <h3>{t('call.participants')}</h3>
          <ul>
            {call.participants?.map((p) => (
              <Party key={p.leg} call={call} party={p} />
            ))}
          </ul>
        </section>
      )}
      {!over && (call.offers?.length ?? 0) > 0 && (
        <section>
          <h3>{t('call.phones')}</h3>
          <ul>
            {call.offers?.map((o) => (
              <li key={o.leg} className={css.party}>
                <Headset size={16} aria-hidden />
                <span>
                  <AgentName id={o.agent} />
                </span>
                <Until at={o.until} className={css.soft ?? ''} />
              </li>
            ))}
          </ul>
        </section>
      )}
      {!over && call.phase === 'outside' && may.includes('endCall') && <End call={call.id} />}
      <section>
        <h3>{t('call.story')}</h3>
        <Timeline call={call.id} />
      </section>
    </Dialog>
  )
}

const icons = { customer: UserRound, agent: Headset, consultant: Headset, outside: Phone }

function Party({ call, party: p }: { call: Call; party: Participant }) {
  const { t } = useTranslation('desk')
  const Icon = icons[p.role]
  const words = [p.role === 'agent' && p.primary ? t('participants.primary') : t(`participants.${p.role}`)]
  if (p.ringing) words.push(t('participants.ringing'))
  if (p.muted) words.push(t('participants.muted'))
  if (p.held) words.push(t('participants.held'))
  return (
    <li className={css.party}>
      <Icon size={16} aria-hidden />
      <span>{useParticipantName()(call, p)}</span>
      <span className={css.soft}>{words.join(' · ')}</span>
    </li>
  )
}

/** Ends a call that no agent is in any more; one that has an agent is the agent's to end. */
function End({ call }: { call: string }) {
  const { t } = useTranslation('supervisor')
  const common = useTranslation().t
  const [asked, setAsked] = useState(false)
  const [busy, setBusy] = useState(false)

  async function end() {
    setBusy(true)
    const done = await attempt(ask(api.POST('/api/v1/calls/{id}/end', { params: { path: { id: call }, header: deed() }, body: {} })))
    setBusy(false)
    setAsked(false)
    if (done) notify('good', t('call.ended'))
  }

  return (
    <div>
      <Button look="danger" onPress={() => setAsked(true)}>
        <PhoneOff size={16} aria-hidden />
        {t('call.end')}
      </Button>
      <Dialog
        title={t('call.endSure')}
        isOpen={asked}
        alert
        onClose={() => setAsked(false)}
        foot={
          <>
            <Button onPress={() => setAsked(false)}>{common('cancel')}</Button>
            <Button look="danger" isPending={busy} onPress={() => void end()}>
              {t('call.end')}
            </Button>
          </>
        }
      >
        <p>{t('call.endText')}</p>
      </Dialog>
    </div>
  )
}
