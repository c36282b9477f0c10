import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AgentView } from '@/api/types'
import { setState, useIdleReasons } from '@/app/AgentBar'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Select } from '@/ui/Field'
import { notify } from '@/ui/notice'
import { StateBadge, StateMark } from '@/ui/State'
import { Since } from '@/ui/Timer'
import css from './StateDialog.module.css'

const wanted = ['available', 'idle', 'offline'] as const

type Wanted = (typeof wanted)[number]

/** Puts an agent into another state. What the rules refuse (signing out while a phone rings) is said in words; every try is in the audit log. */
export function StateDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const agent = useLive((l) => l.agents.get(id))
  return agent && <Form agent={agent} onClose={onClose} />
}

function Form({ agent, onClose }: { agent: AgentView; onClose: () => void }) {
  const { t } = useTranslation('supervisor')
  const common = useTranslation().t
  const reasons = useIdleReasons(agent.tenant)
  // What is meant is most often to have somebody back who forgot to come back.
  const [to, setTo] = useState<Wanted>(agent.state === 'available' ? 'idle' : 'available')
  const [chosen, setChosen] = useState<string>()
  const reason = chosen ?? reasons[0] ?? ''
  const [busy, setBusy] = useState(false)
  const later = agent.state === 'engaged' || agent.state === 'wrap_up'

  async function set() {
    setBusy(true)
    const done = await setState(agent.id, to, to === 'idle' ? reason : undefined)
    setBusy(false)
    if (!done) return
    notify('good', t('force.done', { agent: agent.name, state: common(`state.${to}`) }))
    onClose()
  }

  return (
    <Dialog
      title={t('force.title', { agent: agent.name })}
      isOpen
      onClose={onClose}
      foot={
        <>
          <Button onPress={onClose}>{common('cancel')}</Button>
          <Button look="primary" isPending={busy} onPress={() => void set()}>
            {t('force.set')}
          </Button>
        </>
      }
    >
      <p className={css.now}>
        <span className={css.soft}>{t('force.now')}</span>
        <StateBadge state={agent.state} reason={agent.reason} />
        <Since at={agent.since} />
      </p>
      <Select
        label={t('force.to')}
        value={to}
        onChange={setTo}
        options={wanted.map((s) => ({ id: s, label: common(`state.${s}`), icon: <StateMark state={s} /> }))}
      />
      {to === 'idle' && (
        <Select
          label={t('force.reason')}
          value={reason}
          onChange={setChosen}
          options={reasons.map((r) => ({ id: r, label: common(`idleReason.${r}` as 'idleReason.break', { defaultValue: r }) }))}
        />
      )}
      {later && to !== 'offline' && <p className={css.soft}>{t('force.busy')}</p>}
      {agent.state === 'reserved' && <p className={css.soft}>{t('force.ringing')}</p>}
      <p className={css.soft}>{t('force.audited')}</p>
    </Dialog>
  )
}
