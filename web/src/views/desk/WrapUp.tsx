import { useQuery } from '@tanstack/react-query'
import { useEffect, useId, useRef, useState } from 'react'
import { ListBox, ListBoxItem } from 'react-aria-components'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import type { AgentView } from '@/api/types'
import { usePreference } from '@/app/preference'
import { useNow } from '@/live/clock'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { classes } from '@/ui/classes'
import { SearchField, TextArea, TextField } from '@/ui/Field'
import { notify } from '@/ui/notice'
import { Since, Until } from '@/ui/Timer'
import { extendWrapUp, submitWrapUp } from './deeds'
import { FollowUpFields, isAtField, refusalOf, useFollowUpDraft, type Refusal } from './FollowUpFields'
import { usePlaceName, useWho } from './names'
import { longestNotes, useNotes } from './Notes'
import { isWriting } from './shortcuts'
import css from './WrapUp.module.css'

/**
 * The end of a call's work (C19): a reason, notes, what was promised, and a timer that ends it by itself where the queue says so. What was chosen and written stays over a
 * reload.
 */
export function WrapUp({ agent, wrapUp }: { agent: AgentView; wrapUp: NonNullable<AgentView['wrap_up']> }) {
  const { t } = useTranslation('desk')
  const title = useId()
  const lack = useId()
  const place = usePlaceName()
  const live = useLive((l) => l.link === 'live')
  const [notes, setNotes] = useNotes(wrapUp.call)
  const [reason, setReason] = usePreference(`reason.${wrapUp.call}`, '')
  const promise = useFollowUpDraft(wrapUp.call)
  const [who] = useWho(wrapUp.call)
  const [search, setSearch] = useState('')
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<Refusal>()
  // Who is writing when the customer hangs up goes on with the notes: what is left of a line would look for a reason, and its Enter be the end of the wrap-up.
  const [writes] = useState(isWriting)
  const box = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const area = writes && box.current?.querySelector('textarea')
    if (!area) return
    area.focus()
    area.setSelectionRange(area.value.length, area.value.length)
  }, [writes])
  const reasons = useQuery({ queryKey: ['reasons'], queryFn: () => ask(api.GET('/api/v1/reasons')), staleTime: 60_000 })
  const queue = reasons.data?.queues.find((q) => q.queue === wrapUp.queue)
  const words = search.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  const offered = (queue?.wrap_up ?? []).filter((r) => words.every((w) => r.toLocaleLowerCase().includes(w)))
  // Who has searched down to one reason means it.
  const chosen = reason || (search && offered.length === 1 ? (offered[0] ?? '') : '')
  // Where there are reasons to choose from, the server takes no wrap-up without one, whether or not its timer may end it.
  const lacksReason = !chosen.trim() && Boolean(queue && (queue.required || queue.wrap_up.length > 0))
  const unfinished = promise.past || lacksReason

  async function submit() {
    if (busy) return
    setBusy(true)
    setRefusal(undefined)
    try {
      // First what was promised: should the wrap-up not be taken, it is there all the same, and not asked for again.
      if (promise.title.trim()) await promise.note()
      await submitWrapUp(agent.id, wrapUp, chosen, notes)
      setNotes((now) => (now === notes ? '' : now)) // what was written after that has not gone along
      setReason('')
      notify('good', t('wrapUp.done'))
    } catch (e) {
      setRefusal(refusalOf(e))
      void reasons.refetch() // they may have been changed meanwhile
    } finally {
      setBusy(false)
    }
  }

  return (
    <section className={css.card} aria-labelledby={title}>
      <form
        onSubmit={(e) => {
          e.preventDefault()
          void submit()
        }}
      >
        <header className={css.head}>
          <div>
            <h2 id={title}>{t('wrapUp.title')}</h2>
            <p className={css.sub}>{[who, place('queue', wrapUp.queue)].filter(Boolean).join(' · ')}</p>
          </div>
          <Clock since={wrapUp.since} until={wrapUp.until} />
        </header>
        <div className={css.body}>
          <div className={css.column}>
            {queue && queue.wrap_up.length > 0 ? (
              <>
                <SearchField label={t('wrapUp.search')} value={search} onChange={setSearch} autoFocus={!writes} />
                <ListBox
                  className={css.reasons ?? ''}
                  aria-label={t('wrapUp.reason')}
                  selectionMode="single"
                  selectedKeys={chosen ? [chosen] : []}
                  onSelectionChange={(keys) => {
                    if (keys === 'all') return
                    setReason(String([...keys][0] ?? ''))
                  }}
                  renderEmptyState={() => <p className={css.reason}>{t('wrapUp.none')}</p>}
                >
                  {offered.map((r) => (
                    <ListBoxItem key={r} id={r} textValue={r} className={css.reason ?? ''}>
                      {r}
                    </ListBoxItem>
                  ))}
                </ListBox>
              </>
            ) : (
              <TextField label={t('wrapUp.reason')} value={reason} onChange={setReason} maxLength={128} autoFocus={!writes} />
            )}
          </div>
          <div className={css.column} ref={box}>
            <TextArea
              label={t('notes.title')}
              value={notes}
              onChange={setNotes}
              maxLength={longestNotes}
              placeholder={t('notes.placeholder')}
              rows={6}
              onKeyDown={(e) => {
                if (e.key === 'Enter' && (e.ctrlKey || e.metaKey) && !unfinished) void submit()
              }}
            />
            <FollowUpFields draft={promise} legend={t('followUp.title')} refusal={refusal} />
          </div>
        </div>
        <footer className={css.foot}>
          {refusal && !isAtField(refusal) && (
            <p className={css.error} role="alert">
              {refusal.text}
            </p>
          )}
          {lacksReason && (
            <p id={lack} className={css.lack}>
              {t('wrapUp.needsReason')}
            </p>
          )}
          {wrapUp.controls?.includes('extend') && (
            <Button onPress={() => void extendWrapUp(agent.id, wrapUp)} isDisabled={!live}>
              {t('wrapUp.extend')}
            </Button>
          )}
          <Button look="primary" type="submit" isPending={busy} isDisabled={!live || unfinished} aria-keyshortcuts="Control+Enter" {...(lacksReason ? { 'aria-describedby': lack } : {})}>
            {t('wrapUp.submit')}
          </Button>
        </footer>
      </form>
    </section>
  )
}

function Clock({ since, until }: { since: string; until: string | undefined }) {
  const { t } = useTranslation('desk')
  const now = useNow()
  const short = until !== undefined && Date.parse(until) - now < 10_000
  return (
    <div className={classes(css.clock, short && css.short)}>
      <p className={css.sub}>{until ? t('wrapUp.endsIn') : t('wrapUp.since')}</p>
      {until ? <Until at={until} /> : <Since at={since} />}
    </div>
  )
}
