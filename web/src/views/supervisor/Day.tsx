import { useQuery } from '@tanstack/react-query'
import { CalendarDays, ChartColumn, Table2 } from 'lucide-react'
import { memo, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import type { FigureSeries } from '@/api/types'
import { usePreference } from '@/app/preference'
import { useMe } from '@/app/session'
import { useDates } from '@/i18n/dates'
import { localeOf } from '@/i18n/languages'
import { clock } from '@/live/clock'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { Card, Empty } from '@/ui/Card'
import { Select } from '@/ui/Field'
import { Board } from './Board'
import { DayTable } from './DayTable'
import { usePercent } from './format'
import { Plot, type Curve } from './Plot'
import { beginnings, daysOf, range, stacked, total, trimmed, type Day as OneDay, type Interval } from './series'
import { useQueueFigures } from './useFigures'
import { useTarget } from './useTarget'
import board from './Board.module.css'
import css from './Day.module.css'

const steps = { '900': 900, '1800': 1800, '3600': 3600 } as const

type Step = keyof typeof steps

/** Stands for all queues, and for the day that goes on. */
const all = '*'

const week = 6 * 86_400_000

/** The history of a day as plots, or as a table (S2). */
export function Day() {
  const { t } = useTranslation('supervisor')
  const me = useMe()
  const queues = useLive((l) => l.queues)
  const tenants = useQueueFigures().all?.tenants
  const [chosenTenant, setTenant] = useState('')
  const tenant = chosenTenant || me.tenant || tenants?.[0]?.tenant
  const [chosenQueue, setQueue] = useState(all)
  const queue = queues.get(chosenQueue)?.tenant === tenant ? chosenQueue : all // of another tenant there are no figures here
  const [from, setFrom] = useState(all)
  const [kept, setStep] = usePreference('supervisor.step', '900')
  const step: Step = kept in steps ? (kept as Step) : '900'
  const [view, setView] = usePreference('supervisor.day', 'plots')
  const days = useDays(tenant)
  const day = days.find((d) => d.from === from)
  const { data } = useQuery({
    queryKey: ['figures', 'series', tenant, queue, day?.from, step],
    queryFn: () =>
      ask(
        api.GET('/api/v1/figures/series', {
          params: { query: { ...(tenant ? { tenant } : {}), ...(queue === all ? {} : { queue }), ...(day?.to ? { from: day.from, to: day.to } : {}), interval: steps[step] } },
        }),
      ),
    enabled: tenant !== undefined,
    placeholderData: (before) => before,
    // A day that is over does not change.
    refetchInterval: day?.to ? false : 30_000,
  })
  const items = useMemo(() => trimmed(data?.items ?? []), [data])
  const dates = useDates(data?.tenant.zone ?? 'UTC')

  return (
    <Board
      title={t('day.title')}
      aside={
        <div className={board.filters}>
          {(tenants?.length ?? 0) > 1 && !me.tenant && (
            <Select label={t('day.tenant')} bare value={tenant ?? ''} onChange={setTenant} options={(tenants ?? []).map((x) => ({ id: x.tenant, label: x.tenant }))} />
          )}
          <Select
            label={t('day.day')}
            bare
            value={day?.to ? from : all}
            onChange={setFrom}
            options={[{ id: all, label: t('day.today') }, ...days.filter((d) => d.to).map((d) => ({ id: d.from, label: dates.weekday(d.from) }))]}
          />
          <Select
            label={t('day.queue')}
            bare
            value={queue}
            onChange={setQueue}
            options={[{ id: all, label: t('day.allQueues') }, ...[...queues.values()].filter((q) => q.tenant === tenant).map((q) => ({ id: q.id, label: q.name }))]}
          />
          <Select
            label={t('day.step')}
            bare
            value={step}
            onChange={setStep}
            options={(Object.keys(steps) as Step[]).map((id) => ({ id, label: t('day.minutes', { minutes: steps[id] / 60 }) }))}
          />
          <Button onPress={() => setView(view === 'plots' ? 'table' : 'plots')}>
            {view === 'plots' ? <Table2 size={16} aria-hidden /> : <ChartColumn size={16} aria-hidden />}
            {view === 'plots' ? t('day.asTable') : t('day.asPlots')}
          </Button>
        </div>
      }
    >
      {data && items.length === 0 && <Empty icon={CalendarDays} title={t('day.none')} />}
      {data && items.length > 0 && (
        <>
          {view === 'plots' && <Plots series={data} items={items} />}
          {/* Whoever cannot see the plots reads the table, whichever of the two is shown. */}
          <div className={view === 'plots' ? 'said' : ''}>
            <Card title={t('day.tableOf')}>
              <DayTable items={items} zone={data.tenant.zone} />
            </Card>
          </div>
          <p className={board.soft}>{t('day.zone', { zone: data.tenant.zone })}</p>
        </>
      )}
    </Board>
  )
}

/** Today and the days before it, newest first. */
function useDays(tenant: string | undefined): OneDay[] {
  const { data } = useQuery({
    queryKey: ['figures', 'days', tenant],
    queryFn: () =>
      ask(api.GET('/api/v1/figures/series', { params: { query: { ...(tenant ? { tenant } : {}), from: new Date(Date.now() - week).toISOString(), interval: 86_400 } } })),
    enabled: tenant !== undefined,
    staleTime: 300_000,
  })
  return useMemo(() => daysOf(data?.items ?? []), [data])
}

/** Apart from the view, so that what happens in queues meanwhile does not draw the plots anew. */
const Plots = memo(function Plots({ series, items }: { series: FigureSeries; items: readonly Interval[] }) {
  const { t, i18n } = useTranslation('supervisor')
  const percent = usePercent()
  const [target] = useTarget()
  const locale = localeOf(i18n.language)
  const zone = series.tenant.zone
  const dates = useDates(zone)
  const count = useMemo(() => {
    const format = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })
    return (v: number) => format.format(v)
  }, [locale])

  const times = useMemo(() => beginnings(items), [items])
  const callers = useMemo((): Curve[] => {
    const answered = items.map((i) => i.answered)
    const abandoned = items.map((i) => i.abandoned)
    const unanswered = items.map((i) => i.unanswered)
    const [low = [], middle = [], high = []] = stacked(answered, abandoned, unanswered)
    return [
      { label: t('day.unanswered'), colour: '--bad', values: high, told: unanswered, kind: 'bars' },
      { label: t('day.abandoned'), colour: '--warn', values: middle, told: abandoned, kind: 'bars' },
      { label: t('day.answered'), colour: '--good', values: low, told: answered, kind: 'bars' },
    ]
  }, [items, t])
  const levels = useMemo(
    (): Curve[] => [
      { label: t('day.target'), colour: '--ink-soft', values: items.map(() => target), kind: 'dashes' },
      { label: t('day.level'), colour: '--busy', values: items.map((i) => i.service_level ?? null), kind: 'line' },
    ],
    [items, target, t],
  )
  const waits = useMemo(
    (): Curve[] => [
      { label: t('day.longest'), colour: '--warn', values: items.map((i) => (i.presented > 0 ? i.longest_wait : null)), kind: 'line' },
      { label: t('day.asa'), colour: '--accent', values: items.map((i) => i.asa ?? null), kind: 'line' },
    ],
    [items, t],
  )
  const level = range(items.map((i) => i.service_level))
  const wait = range(items.map((i) => i.asa))
  const picture = (title: string, text: string | undefined) => t('day.picture', { title, text: text ?? t('none') })
  const common = { times, zone, dates }
  return (
    <div className={css.plots}>
      <Card title={t('day.callers')}>
        <Plot {...common} label={picture(t('day.callers'), t('day.sum', total(items)))} curves={callers} format={count} />
      </Card>
      <Card title={t('day.level')}>
        <Plot
          {...common}
          label={picture(t('day.level'), level && t('day.range', { low: percent(level.low), high: percent(level.high) }))}
          curves={levels}
          format={percent}
          most={1}
        />
      </Card>
      <Card title={t('day.times')}>
        <Plot {...common} label={picture(t('day.times'), wait && t('day.range', { low: clock(wait.low), high: clock(wait.high) }))} curves={waits} format={clock} />
      </Card>
    </div>
  )
})
