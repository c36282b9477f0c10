import type { LucideIcon } from 'lucide-react'
import { useId, type ReactNode } from 'react'
import css from './Card.module.css'

/** A part of a view with its heading. */
export function Card({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  const id = useId()
  return (
    <section className={css.card} aria-labelledby={id}>
      <div className={css.head}>
        <h2 id={id}>{title}</h2>
        {aside}
      </div>
      <div className={css.body}>{children}</div>
    </section>
  )
}

/** What stands where there is nothing to show, and what to do about it. */
export function Empty({ icon: Icon, title, children }: { icon: LucideIcon; title: string; children?: ReactNode }) {
  return (
    <div className={css.empty}>
      <Icon size={32} strokeWidth={1.5} aria-hidden />
      <strong>{title}</strong>
      {children}
    </div>
  )
}
