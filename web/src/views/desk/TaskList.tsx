import { BellRing, Headset, Pause, PencilLine } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button as Pressable } from 'react-aria-components'
import { useTranslation } from 'react-i18next'
import type { Call } from '@/api/types'
import { Card } from '@/ui/Card'
import { classes } from '@/ui/classes'
import { Since } from '@/ui/Timer'
import { useCustomer, usePlaceName } from './names'
import { partOf, ringOf, type Tasks } from './tasks'
import { conversationSince } from './moments'
import css from './TaskList.module.css'

/** Every ringing and active interaction, and what is to be wrapped up (Q12). */
export function TaskList({ agent, tasks, front, choose }: { agent: string; tasks: Tasks; front: string | undefined; choose: (task: string) => void }) {
  const { t } = useTranslation('desk')
  const place = usePlaceName()
  const count = tasks.ringing.length + tasks.active.length + (tasks.wrapUp ? 1 : 0)
  const wrapUpTask = `wrap-up/${tasks.wrapUp?.call ?? ''}`
  return (
    <Card title={t('tasks.title')} aside={count > 0 ? <span className={css.time}>{count}</span> : undefined}>
      {count === 0 && <p className={css.none}>{t('tasks.none')}</p>}
      <ul className={css.list}>
        {tasks.ringing.map((c) => (
          <li key={c.id}>
            <div className={classes(css.task, css.ringing)}>
              <Line icon={<BellRing size={17} aria-hidden />} call={c} what={t('tasks.ringing')} since={ringOf(c, agent)?.since} />
            </div>
          </li>
        ))}
        {tasks.active.map((c) => {
          const part = partOf(c, agent)
          const held = c.held && part?.primary
          const what = part?.role === 'consultant' ? t('tasks.consulted') : held ? t('tasks.held') : c.phase === 'post_call' ? t('tasks.postCall') : t('tasks.talking')
          return (
            <li key={c.id}>
              <Pressable
                className={classes(css.task, held ? css.held : css.talking, front === c.id && css.front)}
                onPress={() => choose(c.id)}
                aria-pressed={front === c.id}
              >
                <Line
                  icon={held ? <Pause size={17} aria-hidden /> : <Headset size={17} aria-hidden />}
                  call={c}
                  what={what}
                  since={held && c.held_since ? c.held_since : conversationSince(c, agent)}
                />
              </Pressable>
            </li>
          )
        })}
        {tasks.wrapUp && (
          <li>
            <Pressable
              className={classes(css.task, css.after, front === wrapUpTask && css.front)}
              onPress={() => choose(wrapUpTask)}
              aria-pressed={front === wrapUpTask}
            >
              <span className={css.mark}>
                <PencilLine size={17} aria-hidden />
              </span>
              <span className={css.name}>
                {t('tasks.wrapUp')}
                <span className={css.what}>{place('queue', tasks.wrapUp.queue)}</span>
              </span>
              <Since at={tasks.wrapUp.since} className={css.time ?? ''} />
            </Pressable>
          </li>
        )}
      </ul>
    </Card>
  )
}

function Line({ icon, call, what, since }: { icon: ReactNode; call: Call; what: string; since: string | undefined }) {
  const customer = useCustomer()
  return (
    <>
      <span className={css.mark}>{icon}</span>
      <span className={css.name}>
        {customer(call).title}
        <span className={css.what}>{what}</span>
      </span>
      {since && <Since at={since} className={css.time ?? ''} />}
    </>
  )
}
