import { useInfiniteQuery } from '@tanstack/react-query'
import { History } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import type { CallRecord } from '@/api/types'
import { Page } from '@/app/Page'
import { useDates } from '@/i18n/dates'
import { clock } from '@/live/clock'
import { Button } from '@/ui/Button'
import { Empty } from '@/ui/Card'
import { classes } from '@/ui/classes'
import { Select } from '@/ui/Field'
import { cell, Table } from '@/ui/Table'
import { Tag, type Tone } from '@/ui/Tag'
import { useAgentName, useCustomer, usePlaceName } from '@/views/desk/names'
import { CallDetails } from './CallDetails'
import css from './Calls.module.css'

export const outcomes = ['answered', 'abandoned', 'unanswered', 'refused', 'lost'] as const

type Outcome = (typeof outcomes)[number]

const spans = { day: 1, week: 7, month: 31 } as const

/** The beginning of the day so many days ago, by the reader's clock. */
function daysAgo(days: number): string {
  const d = new Date()
  d.setHours(0, 0, 0, 0)
  d.setDate(d.getDate() - (days - 1))
  return d.toISOString()
}

/** Calls that are over (R6): an agent's own, or those that a supervisor oversees. */
export function Calls() {
  const { t } = useTranslation('calls')
  const [outcome, setOutcome] = useState<Outcome | 'all'>('all')
  const [span, setSpan] = useState<keyof typeof spans>('day')
  const [opened, setOpened] = useState<CallRecord>()
  const records = useInfiniteQuery({
    queryKey: ['call-records', outcome, span],
    queryFn: ({ pageParam }) =>
      ask(
        api.GET('/api/v1/call-records', {
          params: { query: { limit: 50, from: daysAgo(spans[span]), ...(outcome === 'all' ? {} : { outcome }), ...(pageParam ? { cursor: pageParam } : {}) } },
        }),
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next,
    refetchInterval: 15_000,
  })
  const items = records.data?.pages.flatMap((p) => p.items)

  return (
    <Page
      title={t('title')}
      aside={
        <div className={css.filters}>
          <Select
            label={t('filter.span')}
            bare
            value={span}
            onChange={setSpan}
            options={(Object.keys(spans) as (keyof typeof spans)[]).map((id) => ({ id, label: t(`filter.${id}`) }))}
          />
          <Select
            label={t('filter.outcome')}
            bare
            value={outcome}
            onChange={setOutcome}
            options={(['all', ...outcomes] as const).map((id) => ({ id, label: id === 'all' ? t('filter.all') : t(`outcome.${id}`) }))}
          />
        </div>
      }
    >
      {items?.length === 0 ? <Empty icon={History} title={t('none')} /> : items && <List items={items} ofToday={span === 'day'} open={setOpened} />}
      {records.hasNextPage && (
        <div className={css.more}>
          <Button onPress={() => void records.fetchNextPage()} isPending={records.isFetchingNextPage}>
            {t('more')}
          </Button>
        </div>
      )}
      {opened && <CallDetails record={opened} onClose={() => setOpened(undefined)} />}
    </Page>
  )
}

function List({ items, ofToday, open }: { items: CallRecord[]; ofToday: boolean; open: (r: CallRecord) => void }) {
  const { t } = useTranslation('calls')
  const customer = useCustomer()
  const agent = useAgentName()
  const place = usePlaceName()
  const dates = useDates()
  return (
    <Table
      label={t('title')}
      heads={[
        { id: 'time', text: t('column.time') },
        { id: 'customer', text: t('column.customer') },
        { id: 'place', text: t('column.place'), wide: true },
        { id: 'outcome', text: t('column.outcome') },
        { id: 'agents', text: t('column.agents'), wide: true },
        { id: 'wait', text: t('column.wait'), number: true, wide: true },
        { id: 'talk', text: t('column.talk'), number: true, wide: true },
      ]}
    >
      {items.map((r) => {
        const at = r.queue ? place('queue', r.queue) : r.entry_point ? place('entry_point', r.entry_point) : '–'
        return (
          <tr key={r.call}>
            <td className={classes('digits', cell.soft)}>{ofToday ? dates.time(r.arrived_at) : dates.moment(r.arrived_at)}</td>
            <td>
              <button type="button" className={cell.link} onClick={() => open(r)}>
                {customer(r).title}
              </button>
              <span className={classes(cell.narrow, cell.soft)}>{[at, ...(r.agents?.map(agent) ?? [])].join(' · ')}</span>
            </td>
            <td className={cell.wide}>{at}</td>
            <td>
              <Outcome of={r.outcome} />
            </td>
            <td className={cell.wide}>{r.agents?.map(agent).join(', ') ?? '–'}</td>
            <td className={classes('digits', cell.number, cell.wide)}>{clock(r.wait)}</td>
            <td className={classes('digits', cell.number, cell.wide)}>{clock(r.talk)}</td>
          </tr>
        )
      })}
    </Table>
  )
}

const tones: Record<Outcome, Tone> = { answered: 'good', abandoned: 'warn', unanswered: 'warn', refused: 'off', lost: 'bad' }

export function Outcome({ of }: { of: Outcome }) {
  const { t } = useTranslation('calls')
  return <Tag tone={tones[of]}>{t(`outcome.${of}`)}</Tag>
}
