import { CloudOff } from 'lucide-react'
import { useEffect, type ReactNode } from 'react'
import { I18nProvider, RouterProvider as LinkProvider } from 'react-aria-components'
import { useTranslation } from 'react-i18next'
import { localeOf } from '@/i18n/languages'
import { Empty } from '@/ui/Card'
import { router } from './router'
import { session, useSession } from './session'

/** What every view stands in. Where the server could not be reached at the very start, it says so and tries again. */
export function Start({ children }: { children: ReactNode }) {
  const { t, i18n } = useTranslation()
  const unreachable = useSession().status === 'unreachable'
  useEffect(() => {
    if (!unreachable) return
    const timer = setInterval(() => void session.restore(), 3000)
    return () => clearInterval(timer)
  }, [unreachable])
  return (
    <I18nProvider locale={localeOf(i18n.language)}>
      <LinkProvider navigate={(to) => void router.navigate({ to })}>
        {unreachable ? (
          <main>
            <Empty icon={CloudOff} title={t('unreachable.title')}>
              <p role="status">{t('unreachable.text')}</p>
            </Empty>
          </main>
        ) : (
          children
        )}
      </LinkProvider>
    </I18nProvider>
  )
}
