import i18next from 'i18next'
import { useTranslation } from 'react-i18next'
import type { Kind } from '../kinds/kind'

/** The texts of a kind's fields by name. A text that the catalogue does not have is undefined: not every field needs a hint. */
export function useWords(kind: Kind['texts']): (name: string) => string | undefined {
  const { t } = useTranslation('admin')
  return (name) => {
    const key = `${kind}.${name}`
    return i18next.exists(key, { ns: 'admin' }) ? t(key as 'queues.name') : undefined
  }
}
