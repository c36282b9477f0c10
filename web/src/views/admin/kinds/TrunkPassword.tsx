import { Save } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import { Problem } from '@/api/problem'
import { failureText } from '@/app/failure'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { TextField } from '@/ui/Field'
import { notify } from '@/ui/notice'
import { useChanged, useMay } from '../setup'
import css from './Beside.module.css'
import type { Trunk } from './trunks'

/** Takes the password that a carrier has given for a trunk. It is shown to nobody afterwards. */
export function TrunkPassword({ row }: { row: Trunk }) {
  const { t } = useTranslation('admin')
  const may = useMay()
  const changed = useChanged()
  const [typed, setTyped] = useState('')
  const [problem, setProblem] = useState<string>()
  const [busy, setBusy] = useState(false)
  if (!may('setTrunkPassword')) return null

  async function give() {
    setBusy(true)
    setProblem(undefined)
    try {
      await ask(api.POST('/api/v1/trunks/{id}/password', { params: { path: { id: row.id } }, body: { password: typed } }))
      setTyped('')
      notify('good', t('item.saved', { name: t('trunks.password') }))
      await changed()
    } catch (e) {
      setProblem(e instanceof Problem && e.code === 'invalid' ? e.message : failureText(e))
    } finally {
      setBusy(false)
    }
  }

  // Within the form of the trunk there can be none of its own: Enter is for the trunk.
  return (
    <Card title={t('trunks.password')}>
      <p className={css.soft}>{t(row.has_password ? 'trunks.hasPassword' : 'trunks.hasNone')}</p>
      <div className={css.give}>
        <TextField label={t('trunks.password')} bare type="password" autoComplete="off" value={typed} onChange={setTyped} error={problem} />
        <Button onPress={() => void give()} isPending={busy} isDisabled={typed === ''}>
          <Save size={16} aria-hidden />
          {t('trunks.give')}
        </Button>
      </div>
    </Card>
  )
}
