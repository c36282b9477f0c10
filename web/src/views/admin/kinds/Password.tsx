import { Copy, KeyRound } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import { attempt } from '@/app/failure'
import { useMe } from '@/app/session'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Dialog } from '@/ui/Dialog'
import { notify } from '@/ui/notice'
import { LinkButton } from '../LinkButton'
import { useChanged, useMay } from '../setup'
import { oneTimePassword } from './password'
import css from './Beside.module.css'
import type { User } from './users'

/** Gives a user a password that is shown once, here and nowhere else. */
export function Password({ row }: { row: User }) {
  const { t } = useTranslation('admin')
  const me = useMe()
  const may = useMay()
  const changed = useChanged()
  const [asking, setAsking] = useState(false)
  const [given, setGiven] = useState<string>()
  const [busy, setBusy] = useState(false)
  if (!may('setPassword')) return null

  async function give() {
    const password = oneTimePassword()
    setBusy(true)
    const done = await attempt(ask(api.POST('/api/v1/users/{id}/password', { params: { path: { id: row.id } }, body: { password } })))
    setBusy(false)
    setAsking(false)
    if (!done) return
    setGiven(password)
    await changed()
  }

  return (
    <Card title={t('password.title')}>
      {me.user === row.id ? (
        <>
          <p className={css.soft}>{t('password.own')}</p>
          <LinkButton to="/account" label={t('user.account', { ns: 'common' })} icon={<KeyRound size={16} aria-hidden />} text />
        </>
      ) : (
        <>
          <p className={css.soft}>{t(row.has_password ? 'password.has' : 'password.hasNone')}</p>
          <Button onPress={() => (row.has_password ? setAsking(true) : void give())} isPending={busy}>
            <KeyRound size={16} aria-hidden />
            {t(row.has_password ? 'password.again' : 'password.give')}
          </Button>
        </>
      )}
      <Dialog
        title={t('password.again')}
        isOpen={asking}
        onClose={() => setAsking(false)}
        foot={
          <>
            <Button onPress={() => setAsking(false)}>{t('cancel', { ns: 'common' })}</Button>
            <Button look="primary" onPress={() => void give()} isPending={busy}>
              {t('password.again')}
            </Button>
          </>
        }
      >
        <p>{t('password.ends', { name: row.display_name || row.name })}</p>
      </Dialog>
      <Dialog title={t('password.isTitle', { name: row.display_name || row.name })} isOpen={given !== undefined} foot={<Button look="primary" onPress={() => setGiven(undefined)}>{t('password.noted')}</Button>}>
        <p>{t('password.once')}</p>
        <dl className={css.credentials}>
          <dt>{t('users.name')}</dt>
          <dd>{row.name}</dd>
          <dt>{t('password.title')}</dt>
          <dd>
            <code data-testid="password">{given}</code>
          </dd>
        </dl>
        {/* There on encrypted pages only. */}
        {'clipboard' in navigator && (
          <div>
            <Button small onPress={() => void navigator.clipboard.writeText(given ?? '').then(() => notify('good', t('password.copied')))}>
              <Copy size={15} aria-hidden />
              {t('password.copy')}
            </Button>
          </div>
        )}
      </Dialog>
    </Card>
  )
}
