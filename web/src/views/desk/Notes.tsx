import { useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { usePreference, type Change } from '@/app/preference'
import { Card } from '@/ui/Card'
import { TextArea } from '@/ui/Field'
import { useShortcuts } from './shortcuts'

/**
 * What the agent writes down during the call (C20). It stays in this browser, for all of its tabs and over a reload, until a wrap-up takes it along or the agent gives it up.
 */
export function useNotes(call: string): [string, (text: Change) => void] {
  return usePreference(`notes.${call}`, '')
}

/** As many as a wrap-up takes. */
export const longestNotes = 4000

export function Notes({ call }: { call: string }) {
  const { t } = useTranslation('desk')
  const [notes, setNotes] = useNotes(call)
  const box = useRef<HTMLDivElement>(null)
  useShortcuts({ notes: () => box.current?.querySelector('textarea')?.focus() })
  return (
    <Card title={t('notes.title')}>
      <div ref={box}>
        <TextArea label={t('notes.title')} bare value={notes} onChange={setNotes} maxLength={longestNotes} placeholder={t('notes.placeholder')} rows={4} />
      </div>
    </Card>
  )
}
