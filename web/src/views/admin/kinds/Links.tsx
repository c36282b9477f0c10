import { useTranslation } from 'react-i18next'
import { LinkButton } from '../LinkButton'
import type { KindID, Row } from './kind'
import { kinds } from '.'
import css from './Beside.module.css'

/** Ways to other items of the set-up that have to do with this one. */
export function Links({ title, kind, rows, none }: { title: string; kind: KindID; rows: readonly Row[]; none: string }) {
  const Icon = kinds[kind].icon
  return (
    <div className={css.part}>
      <h3>{title}</h3>
      {rows.length === 0 && <p className={css.soft}>{none}</p>}
      <div className={css.links}>
        {rows.slice(0, 30).map((r) => (
          <LinkButton key={r.id} to="/admin/$kind/$id" params={{ kind, id: r.id }} label={kinds[kind].title(r)} icon={<Icon size={15} aria-hidden />} text />
        ))}
        <More count={rows.length - 30} />
      </div>
    </div>
  )
}

function More({ count }: { count: number }) {
  const { t } = useTranslation('admin')
  return count > 0 ? <span className={css.soft}>{t('list.more', { count })}</span> : null
}
