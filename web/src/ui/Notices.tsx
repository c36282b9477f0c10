import { CircleAlert, CircleCheck, TriangleAlert, X } from 'lucide-react'
import { useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { IconButton } from './Button'
import { classes } from './classes'
import { board, dismiss } from './notice'
import css from './Notices.module.css'

const icons = { good: CircleCheck, warn: TriangleAlert, bad: CircleAlert }

/** Where notices are shown, and said. */
export function Notices() {
  const { t } = useTranslation()
  const notices = useSyncExternalStore(board.subscribe, board.get)
  return (
    <section className={css.region} aria-label={t('notices')} aria-live="polite">
      {notices.map((n) => {
        const Icon = icons[n.tone]
        return (
          <div key={n.id} className={classes(css.notice, css[n.tone])} data-react-aria-top-layer>
            <Icon size={18} aria-hidden />
            <p>{n.text}</p>
            <IconButton small label={t('close')} icon={<X size={16} aria-hidden />} onPress={() => dismiss(n.id)} />
          </div>
        )
      })}
    </section>
  )
}
