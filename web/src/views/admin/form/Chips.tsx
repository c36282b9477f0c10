import { X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { classes } from '@/ui/classes'
import { IconButton } from '@/ui/Button'
import css from './Form.module.css'

/** A few words that can be taken away one by one. */
export function Chips({
  items,
  wrong,
  onRemove,
}: {
  items: readonly { id: string; label: string }[]
  /** Place of the one that breaks a rule. */
  wrong?: number | undefined
  /** Left out: they cannot be taken away. */
  onRemove?: ((index: number) => void) | undefined
}) {
  const { t } = useTranslation('admin')
  if (items.length === 0) return null
  return (
    <ul className={css.chips}>
      {items.map((item, i) => (
        <li key={item.id} className={classes(css.chip, wrong === i && css.wrong)}>
          <span>{item.label}</span>
          {onRemove && <IconButton small label={t('form.remove', { name: item.label })} icon={<X size={14} aria-hidden />} onPress={() => onRemove(i)} />}
        </li>
      ))}
    </ul>
  )
}
