import { Clock } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { components } from '@/api/schema'
import { useDates } from '@/i18n/dates'
import { Card } from '@/ui/Card'
import { SpecialDays } from '../form/SpecialDays'
import { Week } from '../form/Week'
import { weekdays } from '../form/clock'
import { zones } from '../form/zones'
import { useMay, useRows } from '../setup'
import type { EntryPoint } from './entryPoints'
import type { Kind } from './kind'
import { Links } from './Links'
import { requests } from './requests'

export type Hours = components['schemas']['Hours']

/** When it will be otherwise, by the clocks of the place. */
function Until({ row: { until, zone } }: { row: Hours }) {
  const dates = useDates(zone)
  return until ? dates.moment(until) : '–'
}

/** Which entry points have them. */
function HoursBeside({ row }: { row: Hours }) {
  const { t } = useTranslation('admin')
  const may = useMay()
  const all = (useRows('entry-points').data ?? []) as unknown as EntryPoint[]
  if (!may('listEntryPoints')) return null
  return (
    <Card title={t('hours.beside')}>
      <Links title={t('entryPoints.title')} kind="entry-points" rows={all.filter((e) => e.hours === row.id)} none={t('hours.ofNothing')} />
    </Card>
  )
}

export const hours: Kind<Hours> = {
  id: 'hours',
  texts: 'hours',
  object: 'hours',
  icon: Clock,
  operations: { create: 'createHours', replace: 'replaceHours', remove: 'deleteHours' },
  title: (h) => h.name,
  columns: [
    { id: 'name', text: (h) => h.name },
    { id: 'zone', text: (h) => h.zone },
    { id: 'status', text: (h, t) => t(h.open ? 'hours.isOpen' : 'hours.isClosed'), tone: (h) => (h.open ? 'good' : 'off') },
    { id: 'until', text: (h) => h.until ?? '', show: Until },
  ],
  sections: [
    {
      id: 'what',
      fields: [
        { name: 'name', as: 'text', isRequired: true },
        { name: 'id', as: 'id', onlyNew: true },
        { name: 'zone', as: 'choice', of: ['UTC', ...zones()] },
      ],
    },
    { id: 'week', fields: [{ name: 'week', as: 'own', edit: Week, wide: true }] },
    { id: 'days', fields: [{ name: 'days', as: 'own', edit: SpecialDays, wide: true }] },
  ],
  blank: (tenant) => ({
    tenant,
    name: '',
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    week: weekdays.slice(0, 5).map((day) => ({ day, from: '09:00', to: '17:00' })),
  }),
  ...requests<Hours>('/api/v1/hours'),
  beside: HoursBeside,
}
