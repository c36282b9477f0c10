import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { TextField } from '@/ui/Field'
import { useOptions } from '../setup'
import { Cards } from './Cards'
import { numberFrom, numberText } from './draft'
import type { EditorProps } from './fields'
import css from './Form.module.css'
import { Many } from './Many'
import { Pick } from './Pick'

/** Where an entry point's calls go: into a queue, or to some phones at once (N5, N6). What belongs to the other is taken out, because a set-up with both is refused. */
export function Route({ draft, set, error, isReadOnly }: EditorProps) {
  const { t } = useTranslation('admin')
  const queues = useOptions('queues')
  const users = (draft.users ?? []) as string[]
  const [way, setWay] = useState(users.length > 0 ? 'users' : 'queue')
  // Another version of the row may lead elsewhere.
  const shown = users.length > 0 ? 'users' : draft.queue ? 'queue' : way
  return (
    <div className={css.stack}>
      <Cards
        label={t('entryPoints.way')}
        hint={undefined}
        error={undefined}
        options={(['queue', 'users'] as const).map((id) => ({ id, label: t(`entryPoints.way_${id}`), about: t(`entryPoints.way_${id}_hint`) }))}
        value={shown}
        onChange={(v) => {
          setWay(v)
          if (v === 'queue') {
            set('users', [])
            set('ring_time', undefined)
          } else set('queue', '')
        }}
        isReadOnly={isReadOnly}
      />
      {shown === 'queue' ? (
        <Pick label={t('entryPoints.queue')} error={error} options={queues} value={(draft.queue ?? '') as string} onPick={(v) => set('queue', v)} isReadOnly={isReadOnly} />
      ) : (
        <>
          <Many label={t('entryPoints.users')} hint={t('entryPoints.users_hint')} error={error} of="agents" value={users} onChange={(v) => set('users', v)} isReadOnly={isReadOnly} />
          <div className={css.quantity}>
            <TextField
              label={t('form.seconds', { label: t('entryPoints.ring_time') })}
              inputMode="decimal"
              placeholder={t('form.usual', { value: 20 })}
              value={numberText(draft.ring_time)}
              onChange={(v) => set('ring_time', numberFrom(v))}
              isReadOnly={isReadOnly}
            />
          </div>
        </>
      )}
    </div>
  )
}
