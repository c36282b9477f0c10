import { Link } from '@tanstack/react-router'
import { MapPinOff } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Empty } from '@/ui/Card'
import { Page } from './Page'

export function Missing() {
  const { t } = useTranslation()
  return (
    <Page title={t('missing.title')}>
      <Empty icon={MapPinOff} title={t('missing.text')}>
        <Link to="/">{t('missing.back')}</Link>
      </Empty>
    </Page>
  )
}
