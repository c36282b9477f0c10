import { useTranslation } from 'react-i18next'
import { Dialog } from '@/ui/Dialog'
import { Checkbox } from '@/ui/Field'
import { keyOf, shortcuts, useShortcutsOn } from './shortcuts'
import css from './ShortcutHelp.module.css'

export function ShortcutHelp({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const { t } = useTranslation('desk')
  const [on, setOn] = useShortcutsOn()
  return (
    <Dialog title={t('shortcuts.title')} isOpen={isOpen} onClose={onClose} wide>
      <dl className={css.keys}>
        {shortcuts.map(({ id }) => (
          <div key={id} className={css.row}>
            <dt>{t(`shortcuts.${id}`)}</dt>
            <dd>
              <kbd className={css.key}>{keyOf(id)}</kbd>
            </dd>
          </div>
        ))}
      </dl>
      <Checkbox isSelected={on} onChange={setOn}>
        {t('shortcuts.on')}
      </Checkbox>
    </Dialog>
  )
}
