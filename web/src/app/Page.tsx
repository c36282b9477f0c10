import { useEffect, type ReactNode } from 'react'
import css from './Page.module.css'

/** A view with its title, which is the tab's title too. */
export function Page({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  useTitle(title)
  return (
    <div className={css.page}>
      <header className={css.head}>
        <h1>{title}</h1>
        {aside}
      </header>
      {children}
    </div>
  )
}

/** Names the tab. */
export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · Tandem`
  }, [title])
}
