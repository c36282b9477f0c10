import { useTranslation } from 'react-i18next'
import { Page } from '@/app/Page'

export function Desk() {
  const { t } = useTranslation()
  return <Page title={t('nav.desk')}>{null}</Page>
}
