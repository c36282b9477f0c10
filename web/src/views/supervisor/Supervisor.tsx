import { useTranslation } from 'react-i18next'
import { Page } from '@/app/Page'

export function Supervisor() {
  const { t } = useTranslation()
  return <Page title={t('nav.supervisor')}>{null}</Page>
}
