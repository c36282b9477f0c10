import { Copy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { useRemembered } from '@/app/preference'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { notify } from '@/ui/notice'
import { useWho } from './names'
import { useNotes } from './Notes'
import css from './LeftNotes.module.css'

/** So long nothing is shown, milliseconds: that a wrap-up is over may be told a moment before its answer takes the notes away. */
const moment = 2000

/** Notes that no wrap-up has taken (C20): its time ran out over them, or none was owed. They stay until the agent has put them where they belong. */
export function LeftNotes() {
  const [calls, drop] = useRemembered('notes.')
  const [due, setDue] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), moment)
    return () => clearTimeout(timer)
  }, [])
  return due && calls.map((call) => <Left key={call} call={call} drop={() => drop(call)} />)
}

function Left({ call, drop }: { call: string; drop: () => void }) {
  const { t } = useTranslation('desk')
  const [notes, setNotes] = useNotes(call)
  const [who] = useWho(call)
  const goesOn = useLive((l) => l.calls.has(call))
  if (!notes.trim() || goesOn) return null

  async function copy() {
    try {
      // There only on an encrypted page; the text can be marked by hand in any case.
      await navigator.clipboard.writeText(notes)
      notify('good', t('leftNotes.copied'))
    } catch {
      notify('bad', t('leftNotes.notCopied'))
    }
  }

  return (
    <Card title={[t('leftNotes.title'), who].filter(Boolean).join(' · ')}>
      <p className={css.hint}>{t('leftNotes.text')}</p>
      <p className={css.notes}>{notes}</p>
      <div className={css.choices}>
        <Button
          look="quiet"
          small
          onPress={() => {
            setNotes('')
            drop()
          }}
        >
          {t('leftNotes.giveUp')}
        </Button>
        <Button small onPress={() => void copy()}>
          <Copy size={15} aria-hidden />
          {t('leftNotes.copy')}
        </Button>
      </div>
    </Card>
  )
}
