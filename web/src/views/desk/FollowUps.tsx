import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask, deed } from '@/api/client'
import type { Task } from '@/api/types'
import { attempt } from '@/app/failure'
import { useDates } from '@/i18n/dates'
import { useNow } from '@/live/clock'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { classes } from '@/ui/classes'
import { Checkbox } from '@/ui/Field'
import { dayOf } from './days'
import { UnnotedFollowUps } from './UnnotedFollowUps'
import css from './FollowUps.module.css'

/** What the agent has promised (C19): what is not noted yet, and what is open by the day on which it is due, or what was done last. */
export function FollowUps({ agent }: { agent: string }) {
  const { t } = useTranslation('desk')
  const [state, setState] = useState<'open' | 'done'>('open')
  const { data } = useQuery({
    queryKey: ['tasks', agent, state],
    queryFn: () => ask(api.GET('/api/v1/tasks', { params: { query: { agent, state, limit: state === 'open' ? 200 : 20 } } })),
    refetchInterval: 60_000,
  })
  const other = state === 'open' ? 'done' : 'open'
  const tasks = data && (state === 'open' ? data.items.toSorted((a, b) => a.due.localeCompare(b.due) || a.created_at.localeCompare(b.created_at)) : data.items)
  return (
    <Card
      title={t('followUp.list')}
      aside={
        <Button look="quiet" small onPress={() => setState(other)}>
          {t(other === 'done' ? 'followUp.showDone' : 'followUp.showOpen')}
        </Button>
      }
    >
      <UnnotedFollowUps />
      {tasks?.length === 0 && <p className={css.soft}>{t(state === 'open' ? 'followUp.none' : 'followUp.noneDone')}</p>}
      {tasks && tasks.length > 0 && (
        <ul className={css.list} aria-label={t('followUp.list')}>
          {tasks.map((task) => (
            <Item key={task.id} task={task} />
          ))}
        </ul>
      )}
    </Card>
  )
}

function Item({ task }: { task: Task }) {
  const { t } = useTranslation('desk')
  const dates = useDates()
  const client = useQueryClient()
  const live = useLive((l) => l.link === 'live')
  const today = dayOf(new Date(useNow()))
  const done = task.done_at !== undefined
  const late = !done && task.due < today
  const finish = useMutation({
    mutationFn: (path: 'done' | 'reopen') =>
      attempt(ask(api.POST(`/api/v1/tasks/{id}/${path}` as '/api/v1/tasks/{id}/done', { params: { path: { id: task.id }, header: deed() }, body: {} }))),
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
  })
  const who = task.name || task.number
  return (
    <li className={css.item}>
      <Checkbox isSelected={done !== finish.isPending} isDisabled={!live || finish.isPending} onChange={() => finish.mutate(done ? 'reopen' : 'done')}>
        <span className={classes(css.title, done && css.done)}>{task.title}</span>
        <span className={classes(css.soft, late && css.late)}>
          {[t(late ? 'followUp.overdue' : 'followUp.dueOn', { day: dates.day(task.due) }), who].filter(Boolean).join(' · ')}
        </span>
      </Checkbox>
    </li>
  )
}
