import { useTranslation } from 'react-i18next'
import { Tag, type Tone } from '@/ui/Tag'
import { statusOf, type Phone } from './phones'

const tones: Record<ReturnType<typeof statusOf>, Tone> = { noPassword: 'warn', registered: 'good', away: 'bad', unknown: 'off' }

/** Whether a phone can be reached. */
export function PhoneStatus({ row }: { row: Phone }) {
  const { t } = useTranslation('admin')
  const status = statusOf(row)
  return <Tag tone={tones[status]}>{t(`phones.${status}`)}</Tag>
}
