import { useTranslation } from 'react-i18next'
import { Tag, type Tone } from '@/ui/Tag'
import { statusOf, type Trunk } from './trunks'

const tones: Record<ReturnType<typeof statusOf>, Tone> = { up: 'good', down: 'bad', unknown: 'off' }

/** Whether calls can go out over a trunk. */
export function TrunkStatus({ row }: { row: Trunk }) {
  const { t } = useTranslation('admin')
  const status = statusOf(row)
  return <Tag tone={tones[status]}>{t(`trunks.${status}`)}</Tag>
}
