import { useTranslation } from 'react-i18next'
import { Tag } from '@/ui/Tag'
import type { User } from './users'

/** Whether somebody can sign in. */
export function UserStatus({ row }: { row: User }) {
  const { t } = useTranslation('admin')
  if (row.disabled) return <Tag tone="off">{t('users.isDisabled')}</Tag>
  if (!row.has_password) return <Tag tone="warn">{t('users.hasNoPassword')}</Tag>
  return <Tag tone="good">{t('users.isFine')}</Tag>
}
