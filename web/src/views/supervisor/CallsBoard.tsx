import { PhoneOff } from 'lucide-react'
import { memo, useCallback, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Call } from '@/api/types'
import type { Live } from '@/live/state'
import { sameItems, useLive } from '@/live/store'
import { Card, Empty } from '@/ui/Card'
import { classes } from '@/ui/classes'
import { Select } from '@/ui/Field'
import { Rows } from '@/ui/Rows'
import { cell, Table } from '@/ui/Table'
import { Since } from '@/ui/Timer'
import { useCustomer } from '@/views/desk/names'
import { agentsIn, boarded, doing, doingSince, stages, waits, type Stage } from './calls'
import { AgentName, QueueName, Wait } from './Marks'
import { DoingBadge } from './DoingBadge'
import { inTimeOf } from './queues'
import { useQueueFigures } from './useFigures'
import board from './Board.module.css'
import css from './CallsBoard.module.css'

/** Stands for all queues: no id has a star. */
const every = '*'

/** Every call, whoever waits first. Rows are drawn again only when their call has changed. */
export function CallsBoard({ queue, setQueue, open }: { queue: string | undefined; setQueue: (queue: string | undefined) => void; open: (call: string) => void }) {
  const { t } = useTranslation('supervisor')
  const [stage, setStage] = useState<Stage>('all')
  const queues = useLive((l) => l.queues)
  const calls = useLive(
    useCallback((l: Live) => boarded(l.calls.values(), stage, queue), [stage, queue]),
    sameItems,
  )
  const figures = useQueueFigures().of
  return (
    <Card
      title={t('calls.title')}
      aside={
        <div className={board.filters}>
          <Select label={t('calls.show')} bare value={stage} onChange={setStage} options={stages.map((id) => ({ id, label: t(`calls.${id}`) }))} />
          <Select
            label={t('calls.queue')}
            bare
            value={queue ?? every}
            onChange={(q) => setQueue(q === every ? undefined : q)}
            options={[{ id: every, label: t('calls.everyQueue') }, ...[...queues.values()].map((q) => ({ id: q.id, label: q.name }))]}
          />
        </div>
      }
    >
      {calls.length === 0 ? (
        <Empty icon={PhoneOff} title={stage === 'all' && queue === undefined ? t('calls.none') : t('calls.noneSo')} />
      ) : (
        <Table
          look="inCard"
          label={t('calls.title')}
          rows={calls.length}
          heads={[
            { id: 'customer', text: t('calls.customer') },
            { id: 'doing', text: t('calls.doing'), width: '24%' },
            { id: 'since', text: t('calls.since'), number: true, width: '5.5rem' },
            { id: 'queue', text: t('calls.queue'), wide: true, width: '20%' },
            { id: 'agents', text: t('calls.agents'), wide: true, width: '22%' },
          ]}
        >
          <Rows items={calls} idOf={idOf} mark="call">
            {(c) => <CallCells call={c} inTime={inTimeOf(figures, c.queue)} open={open} />}
          </Rows>
        </Table>
      )}
    </Card>
  )
}

const idOf = (c: Call) => c.id

const CallCells = memo(function CallCells({ call, inTime, open }: { call: Call; inTime: number; open: (call: string) => void }) {
  const { t } = useTranslation('supervisor')
  const customer = useCustomer()(call)
  const agents = agentsIn(call)
  const state = doing(call)
  return (
    <>
      <td>
        <button type="button" className={cell.link} onClick={() => open(call.id)}>
          {customer.title}
        </button>
        {customer.detail && <span className={cell.under}>{customer.detail}</span>}
        {call.priority !== 0 && <span className={cell.under}>{t('calls.urgent', { priority: call.priority })}</span>}
        <span className={classes(cell.narrow, cell.soft)}>
          {call.queue && <QueueName id={call.queue} />}
          {agents.length > 0 && ' · '}
          <Names of={agents} />
        </span>
      </td>
      <td>
        <span className={css.state}>
          <DoingBadge doing={state} />
          {state === 'waiting' && (
            <button type="button" className={classes(cell.link, css.why)} onClick={() => open(call.id)} aria-label={t('calls.whyOf', { customer: customer.title })}>
              {t('calls.why')}
            </button>
          )}
        </span>
      </td>
      <td className={classes(cell.number, css.since)}>{waits(call) ? <Wait since={doingSince(call)} inTime={inTime} /> : <Since at={doingSince(call)} />}</td>
      <td className={cell.wide}>{call.queue ? <QueueName id={call.queue} /> : <span className={cell.soft}>{t('none')}</span>}</td>
      <td className={cell.wide}>{agents.length > 0 ? <Names of={agents} /> : <span className={cell.soft}>{t('none')}</span>}</td>
    </>
  )
})

function Names({ of }: { of: string[] }) {
  return of.map((id, i) => (
    <span key={id}>
      {i > 0 && ', '}
      <AgentName id={id} />
    </span>
  ))
}
