import { Keyboard } from 'lucide-react'
import { useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { setState } from '@/app/AgentBar'
import { usePreference } from '@/app/preference'
import { useTitle } from '@/app/Page'
import { useMe } from '@/app/session'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { classes } from '@/ui/classes'
import { decline } from './deeds'
import { Interaction } from './Interaction'
import { Rest } from './Rest'
import { ShortcutHelp } from './ShortcutHelp'
import { useShortcuts } from './shortcuts'
import { TaskList } from './TaskList'
import { ringOf, sameTasks, tasksOf } from './tasks'
import { WrapUp } from './WrapUp'
import css from './Desk.module.css'

/** The agent's desk: what is to be done on the left, and the one thing that is being done. */
export function Desk() {
  const { t } = useTranslation('desk')
  const id = useMe().agent ?? ''
  const agent = useLive((l) => l.agents.get(id))
  const tasks = useLive(
    useCallback((l) => tasksOf(l, id), [id]),
    sameTasks,
  )
  // Which task is in front is remembered, so that a reload shows the same.
  const [chosen, choose] = usePreference('desk.task', '')
  const [help, setHelp] = useState(false)
  useTitle(t('title'))

  const front = tasks.active.find((c) => c.id === chosen) ?? tasks.active[0]
  const wrapUpTask = tasks.wrapUp && `wrap-up/${tasks.wrapUp.call}`
  const wrapUpInFront = wrapUpTask && (!front || chosen === wrapUpTask)

  const rest = agent && agent.state !== 'available' && tasks.active.length === 0 && !tasks.wrapUp
  const rings = tasks.ringing[0]
  const nothing = tasks.ringing.length + tasks.active.length === 0 && !tasks.wrapUp
  useShortcuts({
    help: () => setHelp(true),
    available: rest && agent.state !== 'reserved' ? () => void setState(id, 'available') : undefined,
    decline: rings ? () => void decline(id, rings.id, ringOf(rings, id)?.leg) : undefined,
  })

  if (!agent) return null
  return (
    <div className={css.desk}>
      <h1 className="said">{t('title')}</h1>
      <aside className={classes(css.side, nothing && css.nothing)}>
        <TaskList agent={id} tasks={tasks} front={wrapUpInFront ? wrapUpTask : front?.id} choose={choose} />
        <div className={css.foot}>
          <Button look="quiet" small onPress={() => setHelp(true)}>
            <Keyboard size={16} aria-hidden />
            {t('shortcuts.title')}
          </Button>
        </div>
      </aside>
      {wrapUpInFront && tasks.wrapUp ? (
        <WrapUp key={`${tasks.wrapUp.call} ${tasks.wrapUp.since}`} agent={agent} wrapUp={tasks.wrapUp} />
      ) : front ? (
        <Interaction key={front.id} call={front} agent={id} />
      ) : (
        <Rest agent={agent} ringing={tasks.ringing.length > 0} />
      )}
      <ShortcutHelp isOpen={help} onClose={() => setHelp(false)} />
    </div>
  )
}
