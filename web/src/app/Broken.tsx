import { CloudAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/ui/Button'
import { Empty } from '@/ui/Card'

/** What stands where a view should be that could not be loaded or drawn: after an update of the server, old pieces of the app are gone. */
export function Broken() {
  const { t } = useTranslation()
  return (
    <Empty icon={CloudAlert} title={t('broken.title')}>
      <p>{t('broken.text')}</p>
      <Button look="primary" onPress={() => globalThis.location.reload()}>
        {t('broken.reload')}
      </Button>
    </Empty>
  )
}
