import { ListTree } from 'lucide-react'
import { memo, useCallback } from 'react'
import { useTranslation } from 'react-i18next'
import { usePreference } from '@/app/preference'
import type { Live } from '@/live/state'
import { clock } from '@/live/clock'
import { useLive } from '@/live/store'
import { Card, Empty } from '@/ui/Card'
import { classes } from '@/ui/classes'
import { Select } from '@/ui/Field'
import { cell, Table } from '@/ui/Table'
import { StateMark } from '@/ui/State'
import { stateOrder } from './agents'
import { usePercent } from './format'
import { serviceLevel, staffLevel } from './levels'
import { Leveled, Wait } from './Marks'
import { rowsOf, sameRow, signedIn, spans, type Row, type Span, type Staff } from './queues'
import { useQueueFigures, useQueueSetup } from './useFigures'
import { targets, useTarget } from './useTarget'
import board from './Board.module.css'
import css from './QueuesBoard.module.css'

function sameRows(a: readonly Row[], b: readonly Row[]): boolean {
  return a.length === b.length && a.every((row, i) => b[i] !== undefined && sameRow(row, b[i]))
}

/** How each queue stands: who waits and how long now, how well it was answered, and who there is to answer. */
export function QueuesBoard({ only }: { only: (queue: string) => void }) {
  const { t } = useTranslation('supervisor')
  const percent = usePercent()
  const setup = useQueueSetup()
  const { all, of: figures } = useQueueFigures()
  const rows = useLive(
    useCallback((l: Live) => rowsOf(l.queues, l.calls, l.agents, setup, figures), [setup, figures]),
    sameRows,
  )
  const [kept, setSpan] = usePreference('supervisor.span', 'today')
  const span = spans.find((s) => s === kept) ?? 'today'
  const [target, targetKey, setTarget] = useTarget()
  const yardstick = all?.tenants[0]
  const formula = all?.formulas.find((f) => f.id === yardstick?.service_level)
  return (
    <Card
      title={t('queues.title')}
      aside={
        <div className={board.filters}>
          <Select label={t('span.label')} bare value={span} onChange={setSpan} options={spans.map((id) => ({ id, label: t(`span.${id}`) }))} />
          <Select
            label={t('target.label')}
            bare
            value={targetKey}
            onChange={setTarget}
            options={targets.map((id) => ({ id, label: t('target.of', { percent: percent(Number(id)) }) }))}
          />
        </div>
      }
    >
      {rows.length === 0 ? (
        <Empty icon={ListTree} title={t('queues.none')} />
      ) : (
        <Table
          look="inCard"
          label={t('queues.title')}
          heads={[
            { id: 'queue', text: t('queues.queue') },
            { id: 'waiting', text: t('queues.waiting'), number: true },
            { id: 'longest', text: t('queues.longest'), number: true },
            { id: 'level', text: t('queues.level') },
            { id: 'answered', text: t('queues.answered'), number: true, wide: true },
            { id: 'abandoned', text: t('queues.abandoned'), number: true, wide: true },
            { id: 'asa', text: t('queues.asa'), number: true, wide: true },
            { id: 'agents', text: t('queues.agents'), wide: true },
          ]}
          after={
            yardstick &&
            formula && (
              <p className={board.foot}>
                {t('queues.formula', { name: t(`formula.${formula.id.split('/')[0] ?? ''}` as 'formula.answered_only', { defaultValue: formula.id }), text: formula.text, id: formula.id })}{' '}
                {yardstick.short_abandon > 0 && t('queues.shortAbandon', { short: yardstick.short_abandon })}
              </p>
            )
          }
        >
          {rows.map((row) => (
            <QueueRow key={row.queue.id} row={row} span={span} target={target} only={only} />
          ))}
        </Table>
      )}
    </Card>
  )
}

interface RowProps {
  row: Row
  span: Span
  target: number
  only: (queue: string) => void
}

const QueueRow = memo(
  function QueueRow({ row: { queue, since, figures, staff }, span, target, only }: RowProps) {
    const { t } = useTranslation('supervisor')
    const percent = usePercent()
    const f = figures?.[span]
    const none = t('none')
    return (
      <tr data-queue={queue.id}>
        <th scope="row">
          <button type="button" className={cell.link} onClick={() => only(queue.id)} aria-label={t('queues.only', { queue: queue.name })}>
            {queue.name}
          </button>
          <div className={cell.narrow}>{staff && <StaffMarks staff={staff} />}</div>
        </th>
        <td className={classes(cell.number, css.big)} data-figure="waiting">
          <Leveled level={staffLevel(queue.waiting, queue.free, staff && signedIn(staff))}>{queue.waiting}</Leveled>
        </td>
        <td className={classes(cell.number, css.big)} data-figure="longest">
          <Wait since={since} inTime={figures?.service_level ?? 20} />
        </td>
        <td data-figure="level">
          {f?.service_level === undefined ? (
            <span className={cell.soft}>{none}</span>
          ) : (
            <span className={css.level}>
              <Leveled level={serviceLevel(f.service_level, target)}>{percent(f.service_level)}</Leveled>
              <Gauge reached={f.service_level} target={target} />
              <span className={classes(cell.soft, cell.wide)}>{t('queues.inTime', { seconds: figures?.service_level ?? 0 })}</span>
            </span>
          )}
        </td>
        <td className={classes(cell.number, cell.wide, 'digits')} data-figure="answered">
          {f?.answered ?? none}
        </td>
        <td className={classes(cell.number, cell.wide, 'digits')} data-figure="abandoned">
          {f?.abandoned ?? none}
        </td>
        <td className={classes(cell.number, cell.wide, 'digits')}>{f?.asa === undefined ? none : clock(f.asa)}</td>
        <td className={cell.wide}>{staff ? <StaffMarks staff={staff} /> : none}</td>
      </tr>
    )
  },
  (a, b) => sameRow(a.row, b.row) && a.span === b.span && a.target === b.target && a.only === b.only,
)

/** How far the service level reaches, with a line where it should. */
function Gauge({ reached, target }: { reached: number; target: number }) {
  const level = serviceLevel(reached, target)
  return (
    <svg className={classes(css.gauge, css[level])} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden>
      <rect width="100" height="8" rx="4" className={css.rail} />
      <rect width={Math.max(2, Math.min(1, reached) * 100)} height="8" rx="4" className={css.fill} />
      <rect x={target * 100 - 0.75} width="1.5" height="8" className={css.target} />
    </svg>
  )
}

/** The queue's agents by state: a picture and a number each, whoever is not signed in left out. */
function StaffMarks({ staff }: { staff: Staff }) {
  const { t } = useTranslation()
  return (
    <ul className={css.staff}>
      {stateOrder
        .filter((s) => s !== 'offline' && (staff[s] > 0 || s === 'available'))
        .map((s) => (
          <li key={s} title={t(`state.${s}`)}>
            <StateMark state={s} size={15} />
            <span className="said">{t(`state.${s}`)}: </span>
            <span className="digits">{staff[s]}</span>
          </li>
        ))}
    </ul>
  )
}
