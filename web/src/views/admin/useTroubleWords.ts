import { useTranslation } from 'react-i18next'
import type { Trouble } from './switches'

/** Troubles as sentences. */
export function useTroubleWords(): (engine: string, trouble: Trouble) => string {
  const { t } = useTranslation('admin')
  return (engine, { what, name, count }) => {
    if (what === 'blocked') return t('switches.trouble_blocked', { count, engine })
    return t(`switches.trouble_${what}`, { engine, name })
  }
}
