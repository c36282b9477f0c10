import i18next from 'i18next'
import { Problem } from '@/api/problem'
import { notify } from '@/ui/notice'

/** What went wrong, in the reader's language where we have words for it, otherwise as the server said it. */
export function failureText(e: unknown): string {
  const { t } = i18next
  if (!(e instanceof Problem)) return t('problem.internal', { ns: 'common' })
  if (i18next.exists(`problem.${e.code}`)) return t(`problem.${e.code}` as 'problem.busy', { ns: 'common', seconds: e.retryAfter ?? 0 })
  return e.field ? `${e.field}: ${e.message}` : e.message
}

/** Waits for a deed, and shows a notice if it fails. Gives whether it was done. */
export async function attempt(deed: Promise<unknown>): Promise<boolean> {
  try {
    await deed
    return true
  } catch (e) {
    if (!(e instanceof Problem && e.status === 401)) notify('bad', failureText(e))
    return false
  }
}
