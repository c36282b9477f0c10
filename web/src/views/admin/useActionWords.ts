import { useTranslation } from 'react-i18next'
import { deedOf } from './audit'

/** What people call an operation of the audit log. */
export function useActionWords(): (action: string) => string {
  const { t } = useTranslation('admin')
  return (action) => {
    const found = deedOf(action)
    if (!found) return action
    return 'deed' in found ? t(`audit.deed_${found.deed}`) : t(`audit.verb_${found.verb}`)
  }
}
