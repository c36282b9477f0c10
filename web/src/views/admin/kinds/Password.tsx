import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import { attempt } from '@/app/failure'
import { useMe } from '@/app/session'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Dialog } from '@/ui/Dialog'
import { LinkButton } from '../LinkButton'
import { useChanged, useMay } from '../setup'
import { oneTimePassword } from './password'
import css from './Beside.module.css'
import { Once } from './Once'
import type { User } from './users'

/** Gives a user a password that is shown once, here and nowhere else, and that is good for nothing but choosing another. */
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
    const done = await attempt(ask(api.POST('/api/v1/users/{id}/password', { params: { path: { id: row.id } }, body: { password, temporary: true } })))
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
      <Once
        title={t('password.isTitle', { name: row.display_name || row.name })}
        text={t('password.once')}
        facts={[[t('users.name'), row.name]]}
        password={given}
        onNoted={() => setGiven(undefined)}
      />
    </Card>
  )
}
