import { PhoneIncoming } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api, ask, deed } from '@/api/client'
import type { components } from '@/api/schema'
import { Tag } from '@/ui/Tag'
import { numbersFrom, takings } from '../form/numbers'
import { Route } from '../form/Route'
import { Variables } from '../form/Variables'
import { useRows } from '../setup'
import type { Hours } from './hours'
import { seen, type Kind } from './kind'
import { Names } from './Names'

export type EntryPoint = components['schemas']['EntryPoint']
type Setup = components['schemas']['EntryPointSetup']

/** What is said with numbers that were agreed to be taken from other entry points. */
function taking(agreed: boolean): { take_numbers?: 'true' } {
  return agreed ? { take_numbers: 'true' } : {}
}

function LeadsTo({ row: { queue, users } }: { row: EntryPoint }) {
  const { t } = useTranslation('admin')
  if (queue) return <Names kind="queues" ids={[queue]} />
  return users?.length ? t('entryPoints.ringsPhones', { count: users.length }) : '–'
}

/** Its opening hours, and whether these close it now. */
function Keeps({ row: { hours } }: { row: EntryPoint }) {
  const { t } = useTranslation('admin')
  const row = useRows('hours').data?.find((h) => h.id === hours) as unknown as Hours | undefined
  if (!hours) return t('entryPoints.hours_none')
  return (
    <>
      <Names kind="hours" ids={[hours]} /> {row?.open === false && <Tag tone="off">{t('hours.isClosed')}</Tag>}
    </>
  )
}

export const entryPoints: Kind<EntryPoint> = {
  id: 'entry-points',
  texts: 'entryPoints',
  object: 'entry-point',
  icon: PhoneIncoming,
  operations: { create: 'createEntryPoint', replace: 'replaceEntryPoint', remove: 'deleteEntryPoint' },
  csv: 'entry-points',
  title: (e) => e.name,
  columns: [
    { id: 'name', text: (e) => e.name },
    { id: 'numbers', text: (e) => e.numbers.slice(0, 3).join(', ') + (e.numbers.length > 3 ? ` +${e.numbers.length - 3}` : '') },
    { id: 'leadsTo', text: (e, t) => e.queue ?? (e.users?.length ? t('entryPoints.ringsPhones', { count: e.users.length }) : ''), show: LeadsTo },
    { id: 'hours', text: (e, t) => e.hours ?? t('entryPoints.hours_none'), show: Keeps },
    { id: 'status', text: (e, t) => t(e.off ? 'entryPoints.isOff' : 'entryPoints.isOn'), tone: (e) => (e.off ? 'off' : 'good') },
  ],
  sections: [
    {
      id: 'what',
      fields: [
        { name: 'name', as: 'text', isRequired: true },
        { name: 'id', as: 'id', onlyNew: true },
        { name: 'off', as: 'flag', isInverted: true, wide: true },
        { name: 'numbers', as: 'words', read: numbersFrom, wide: true },
      ],
    },
    {
      id: 'route',
      fields: [
        { name: 'queue', as: 'own', edit: Route, also: ['users', 'ring_time'], wide: true },
        { name: 'hours', as: 'one', of: 'hours', none: true },
        { name: 'priority', as: 'number' },
      ],
    },
    {
      id: 'prompts',
      fields: [
        { name: 'greeting', as: 'words', wide: true },
        { name: 'closed', as: 'words', wide: true },
      ],
    },
    { id: 'data', fields: [{ name: 'variables', as: 'own', edit: Variables, wide: true }] },
  ],
  blank: (tenant) => ({ tenant, name: '', numbers: [] }),
  list: async (tenant) => (await ask(api.GET('/api/v1/entry-points', { params: { query: { tenant } } }))).items,
  create: (body, agreed) => ask(api.POST('/api/v1/entry-points', { params: { header: deed(), query: taking(agreed) }, body: body as unknown as Setup })),
  replace: (row, body, agreed) =>
    ask(api.PUT('/api/v1/entry-points/{id}', { params: { path: { id: row.id }, header: seen(row), query: taking(agreed) }, body: body as unknown as Setup })),
  remove: (row, typed) =>
    ask(api.DELETE('/api/v1/entry-points/{id}', { params: { path: { id: row.id }, header: seen(row), query: { confirm: typed } } })),
  typed: (row) => row.numbers,
  question: async (draft, t) => {
    const all = await entryPoints.list(draft.tenant as string)
    const found = takings((draft.id ?? '') as string, draft.numbers as string[], all)
    if (found.length === 0) return undefined
    return {
      title: t('entryPoints.take'),
      text: (
        <ul>
          {found.map((f) => (
            <li key={f.from.id}>{t(f.all ? 'entryPoints.takeAll' : 'entryPoints.takeSome', { numbers: f.numbers.join(', '), name: f.from.name })}</li>
          ))}
        </ul>
      ),
      go: t('entryPoints.takeGo'),
    }
  },
}
