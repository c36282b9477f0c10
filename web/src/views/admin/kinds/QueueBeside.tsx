import { useTranslation } from 'react-i18next'
import { Card } from '@/ui/Card'
import { useMay, useRows } from '../setup'
import type { EntryPoint } from './entryPoints'
import { Links } from './Links'
import type { Queue } from './queues'

/** Which entry points lead to a queue. */
export function QueueBeside({ row }: { row: Queue }) {
  const { t } = useTranslation('admin')
  const may = useMay()
  const all = (useRows('entry-points').data ?? []) as unknown as EntryPoint[]
  if (!may('listEntryPoints')) return null
  return (
    <Card title={t('queues.beside')}>
      <Links title={t('queues.from')} kind="entry-points" rows={all.filter((e) => e.queue === row.id)} none={t('queues.fromNowhere')} />
    </Card>
  )
}
