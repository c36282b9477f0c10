import { Headset, Hourglass, PhoneCall, UserCheck, Users, type LucideIcon } from 'lucide-react'
import { useCallback, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Queue } from '@/api/types'
import type { Live } from '@/live/state'
import { sameItems, useLive } from '@/live/store'
import { waits } from './calls'
import { staffLevel } from './levels'
import { Leveled, Wait } from './Marks'
import { freeOf, inTimeOf, oldestOf } from './queues'
import { useQueueFigures, useQueueSetup } from './useFigures'
import css from './Now.module.css'

function counts(live: Live, setup: ReadonlyMap<string, Queue> | undefined): number[] {
  let waiting = 0
  let served = 0
  for (const c of live.calls.values()) {
    if (waits(c)) waiting++
    else if (c.phase !== 'ended') served++
  }
  let signedIn = 0
  for (const a of live.agents.values()) if (a.state !== 'offline') signedIn++
  return [waiting, served, freeOf(live.agents.values(), live.queues, setup), signedIn]
}

/** Of all that wait, who has waited longest, and in which queue. */
function longest(live: Live): readonly (string | undefined)[] {
  let first: [string, string] | undefined
  for (const [queue, since] of oldestOf(live.queues, live.calls)) {
    if (first === undefined || since < first[1]) first = [queue, since]
  }
  return first ?? []
}

/** The whole house in five figures. */
export function Now() {
  const { t } = useTranslation('supervisor')
  const setup = useQueueSetup()
  const count = useCallback((live: Live) => counts(live, setup), [setup])
  const [waiting = 0, served = 0, free = 0, signedIn = 0] = useLive(count, sameItems)
  const [queue, since] = useLive(longest, sameItems)
  const figures = useQueueFigures().of
  return (
    <section aria-label={t('now.label')}>
      <dl className={css.now}>
        <Figure icon={PhoneCall} name={t('now.waiting')}>
          <Leveled level={staffLevel(waiting, free, signedIn)}>{waiting}</Leveled>
        </Figure>
        <Figure icon={Hourglass} name={t('now.longest')}>
          <Wait since={since} inTime={inTimeOf(figures, queue)} />
        </Figure>
        <Figure icon={Headset} name={t('now.served')}>
          {served}
        </Figure>
        <Figure icon={UserCheck} name={t('now.free')}>
          {free}
        </Figure>
        <Figure icon={Users} name={t('now.signedIn')}>
          {signedIn}
        </Figure>
      </dl>
    </section>
  )
}

function Figure({ icon: Icon, name, children }: { icon: LucideIcon; name: string; children: ReactNode }) {
  return (
    <div className={css.figure}>
      <dt>
        <Icon size={16} aria-hidden />
        {name}
      </dt>
      <dd className="digits">{children}</dd>
    </div>
  )
}
