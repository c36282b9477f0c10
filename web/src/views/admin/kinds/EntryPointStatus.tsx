import { useTranslation } from 'react-i18next'
import { Tag } from '@/ui/Tag'
import type { EntryPoint } from './entryPoints'

/** Whether calls are let in. */
export function EntryPointStatus({ row }: { row: EntryPoint }) {
  const { t } = useTranslation('admin')
  return <Tag tone={row.off ? 'off' : 'good'}>{t(row.off ? 'entryPoints.isOff' : 'entryPoints.isOn')}</Tag>
}
