import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Problem } from '@/api/problem'
import { failureText } from '@/app/failure'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { TextField } from '@/ui/Field'
import { notify } from '@/ui/notice'
import type { Kind, Row } from './kinds/kind'

/** Asks before something is deleted; of some kinds something has to be typed (N3). What still needs it is said here. */
export function DeleteDialog({ kind, row, onClose, onDone }: { kind: Kind; row: Row; onClose: () => void; onDone: () => Promise<void> }) {
  const { t } = useTranslation('admin')
  const [typed, setTyped] = useState('')
  const [problem, setProblem] = useState<string>()
  const [busy, setBusy] = useState(false)
  const wanted = kind.typed?.(row) ?? []
  const name = kind.title(row)

  async function remove() {
    setBusy(true)
    setProblem(undefined)
    try {
      await kind.remove(row, typed.trim())
      notify('good', t('delete.done', { name }))
      onClose()
      await onDone()
    } catch (e) {
      setProblem(e instanceof Problem && e.code === 'invalid' ? e.message : failureText(e))
    } finally {
      setBusy(false)
    }
  }

  return (
    <Dialog
      title={t('delete.title', { name })}
      isOpen
      onClose={onClose}
      foot={
        <>
          <Button onPress={onClose}>{t('cancel', { ns: 'common' })}</Button>
          <Button look="danger" onPress={() => void remove()} isPending={busy} isDisabled={wanted.length > 0 && typed.trim() === ''}>
            {t('delete.go')}
          </Button>
        </>
      }
    >
      <p>{t(`${kind.texts}.deleteText`)}</p>
      {wanted.length > 0 && (
        <TextField
          label={t('delete.type', { example: wanted[0] })}
          value={typed}
          onChange={setTyped}
          inputMode="tel"
          autoFocus
          autoComplete="off"
          error={problem}
          onKeyDown={(e) => {
            if (e.key === 'Enter' && typed.trim() !== '') void remove()
          }}
        />
      )}
      {wanted.length === 0 && problem && <p role="alert">{problem}</p>}
    </Dialog>
  )
}
