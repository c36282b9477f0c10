import { useTranslation } from 'react-i18next'
import { Page } from '@/app/Page'

export function Calls() {
  const { t } = useTranslation()
  return <Page title={t('nav.calls')}>{null}</Page>
}
