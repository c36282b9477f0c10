import { useCallback, useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { forgetDone } from '@/app/preference'
import { useLive } from '@/live/store'
import { Requests } from './Requests'
import { Rona } from './Rona'
import { sameTasks, tasksOf } from './tasks'
import { useHandOver } from './useHandOver'
import { useTellings } from './useTellings'

/** What reaches an agent in whatever view they are: requests, a missed one, and what happens in their calls. */
export function Layer({ agent: id }: { agent: string }) {
  const { t } = useTranslation('desk')
  const agent = useLive((l) => l.agents.get(id))
  const known = useLive((l) => l.position !== undefined)
  const tasks = useLive(
    useCallback((l) => tasksOf(l, id), [id]),
    sameTasks,
  )
  useTellings(id)
  useHandOver(agent)

  // Drafts of calls that are over and done are nobody's business any more.
  const wrapUp = tasks.wrapUp?.call
  const inHand = [...tasks.active.map((c) => c.id), ...(wrapUp ? [wrapUp] : [])].join(' ')
  useEffect(() => {
    if (!known) return
    const keep = (call: string) => inHand.split(' ').includes(call)
    // A moment later: between the end of a call and its wrap-up there may be one.
    const timer = setTimeout(() => {
      forgetDone(keep)
    }, 5000)
    return () => clearTimeout(timer)
  }, [known, inHand])

  // A tab in the background says that it rings.
  const ringing = tasks.ringing.length
  useEffect(() => {
    if (ringing === 0) return
    const before = document.title
    document.title = `● ${t('request.inbound')}`
    return () => {
      document.title = before
    }
  }, [ringing, t])

  return (
    <>
      <Requests agent={id} ringing={tasks.ringing} />
      {agent && <Rona agent={agent} />}
    </>
  )
}
