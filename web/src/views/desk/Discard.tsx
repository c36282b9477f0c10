import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { act } from './deeds'

/** Asks before what was recorded of a call is thrown away (C17): it cannot be brought back. */
export function Discard({ call, isPossible, onClose }: { call: string; isPossible: boolean; onClose: () => void }) {
  const { t } = useTranslation('desk')
  const [busy, setBusy] = useState(false)

  async function discard() {
    setBusy(true)
    await act(call, 'recording/discard')
    onClose()
  }

  return (
    <Dialog
      title={t('discard.title')}
      isOpen
      onClose={onClose}
      alert
      foot={
        <>
          <Button autoFocus onPress={onClose}>
            {t('discard.keep')}
          </Button>
          <Button look="danger" isPending={busy} isDisabled={!isPossible} onPress={() => void discard()}>
            {t('control.discardRecording')}
          </Button>
        </>
      }
    >
      <p>{t('discard.text')}</p>
    </Dialog>
  )
}
