import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useRemembered } from '@/app/preference'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { FollowUpFields, isAtField, refusalOf, useFollowUpDraft, type Refusal } from './FollowUpFields'
import { useWho } from './names'
import css from './FollowUps.module.css'

/** Follow-ups that were being written when the time of the wrap-up ran out (C19): they are noted now, or given up. */
export function UnnotedFollowUps() {
  const [calls, drop] = useRemembered('task.')
  return calls.map((call) => <Unnoted key={call} call={call} done={() => drop(call)} />)
}

function Unnoted({ call, done }: { call: string; done: () => void }) {
  const { t } = useTranslation('desk')
  const live = useLive((l) => l.link === 'live')
  const draft = useFollowUpDraft(call)
  const [who] = useWho(call)
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<Refusal>()

  async function note() {
    if (busy) return
    setBusy(true)
    setRefusal(undefined)
    try {
      await draft.note()
      done()
    } catch (e) {
      setRefusal(refusalOf(e))
    } finally {
      setBusy(false)
    }
  }

  return (
    <form
      className={css.unnoted}
      onSubmit={(e) => {
        e.preventDefault()
        void note()
      }}
    >
      <FollowUpFields draft={draft} legend={[t('followUp.unnoted'), who].filter(Boolean).join(' · ')} refusal={refusal} />
      {refusal && !isAtField(refusal) && (
        <p className={css.late} role="alert">
          {refusal.text}
        </p>
      )}
      <div className={css.choices}>
        <Button
          look="quiet"
          small
          isDisabled={busy}
          onPress={() => {
            draft.forget()
            done()
          }}
        >
          {t('followUp.giveUp')}
        </Button>
        <Button look="primary" small type="submit" isPending={busy} isDisabled={!live || draft.past || !draft.title.trim()}>
          {t('followUp.note')}
        </Button>
      </div>
    </form>
  )
}
