import { useQueryClient } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { deedKey } from '@/api/client'
import { Problem } from '@/api/problem'
import { failureText } from '@/app/failure'
import { usePreference } from '@/app/preference'
import { TextField } from '@/ui/Field'
import { notify } from '@/ui/notice'
import { dayOf } from './days'
import { noteTask } from './deeds'
import css from './FollowUps.module.css'

/** A follow-up of a call that is being written. It stays in this browser until it is noted or given up, whatever becomes of the wrap-up. */
export interface Draft {
  title: string
  setTitle: (title: string) => void
  due: string
  setDue: (due: string) => void
  /** Due on a day that is over. */
  past: boolean
  /** Keeps it as a follow-up. Throws a Problem; the draft then stays. */
  note: () => Promise<void>
  forget: () => void
}

export function useFollowUpDraft(call: string): Draft {
  const { t } = useTranslation('desk')
  const [title, setTitle] = usePreference(`task.${call}`, '')
  const [kept, setDue] = usePreference(`due.${call}`, '')
  const [open, setOpen] = usePreference(`deed.${call}`, '')
  const client = useQueryClient()
  // What is promised is mostly for tomorrow.
  const due = kept || dayOf(new Date(), 1)
  const forget = () => {
    setTitle('')
    setDue('')
    setOpen('')
  }
  /** Of the same follow-up as the last time, if what became of that is not known, the same key: then it is noted once, however often it is tried. */
  const keyOf = (task: string) => {
    const [last, ...of] = open.split(' ')
    return last && of.join(' ') === task ? last : deedKey()
  }
  return {
    title,
    setTitle,
    due,
    setDue,
    past: title.trim() !== '' && due < dayOf(new Date()),
    forget,
    note: async () => {
      const task = { call, title: title.trim(), due }
      const words = JSON.stringify(task)
      const key = keyOf(words)
      setOpen(`${key} ${words}`)
      try {
        await noteTask(task, key)
      } catch (e) {
        if (e instanceof Problem && !e.leavesOpen) setOpen('') // a refusal is told again to whoever comes with the same key
        throw e
      }
      forget()
      notify('good', t('followUp.created'))
      void client.invalidateQueries({ queryKey: ['tasks'] })
    },
  }
}

/** What the server found wrong with one of the two fields. */
export interface Refusal {
  field?: string | undefined
  text: string
}

/** Reports whether a refusal is told at one of the two fields. */
export function isAtField(refusal: Refusal | undefined): boolean {
  return refusal?.field === 'title' || refusal?.field === 'due'
}

/** What went wrong, and at which field if the server's own words are about one. */
export function refusalOf(e: unknown): Refusal {
  return e instanceof Problem && e.code === 'invalid' ? { field: e.field, text: e.message } : { text: failureText(e) }
}

export function FollowUpFields({ draft, legend, refusal }: { draft: Draft; legend: string; refusal: Refusal | undefined }) {
  const { t } = useTranslation('desk')
  const of = (field: string) => (refusal?.field === field ? refusal.text : undefined)
  return (
    <fieldset className={css.promise}>
      <legend>{legend}</legend>
      <TextField label={t('followUp.what')} value={draft.title} onChange={draft.setTitle} maxLength={200} error={of('title')} />
      <TextField label={t('followUp.due')} type="date" value={draft.due} onChange={draft.setDue} error={draft.past ? t('followUp.past') : of('due')} />
    </fieldset>
  )
}
