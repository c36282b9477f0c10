import { KeyRound } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import type { components } from '@/api/schema'
import { attempt } from '@/app/failure'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { useChanged, useMay } from '../setup'
import css from './Beside.module.css'
import { Once } from './Once'
import type { Phone } from './phones'

/** Has the server make a phone a password, and shows once what the phone has to be told. */
export function PhonePassword({ row }: { row: Phone }) {
  const { t } = useTranslation('admin')
  const may = useMay()
  const changed = useChanged()
  const [given, setGiven] = useState<components['schemas']['PhonePassword']>()
  const [busy, setBusy] = useState(false)
  if (!may('setPhonePassword')) return null

  async function give() {
    setBusy(true)
    const done = await attempt(ask(api.POST('/api/v1/phones/{id}/password', { params: { path: { id: row.id } }, body: {} })).then(setGiven))
    setBusy(false)
    if (done) await changed()
  }

  return (
    <Card title={t('phones.password')}>
      <p className={css.soft}>{t(row.has_password ? 'phones.hasPassword' : 'phones.hasNone')}</p>
      <Button onPress={() => void give()} isPending={busy}>
        <KeyRound size={16} aria-hidden />
        {t(row.has_password ? 'password.again' : 'password.give')}
      </Button>
      <Once
        title={t('password.isTitle', { name: row.name })}
        text={t('phones.once')}
        facts={given ? [[t('phones.user'), given.user], [t('phones.realm'), given.realm]] : []}
        password={given?.password}
        onNoted={() => setGiven(undefined)}
      />
    </Card>
  )
}
