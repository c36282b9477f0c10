import type { ReactNode } from 'react'
import css from './Facts.module.css'

/** A name and what stands below it; `title` says it in full. */
export interface Fact {
  name: string
  value: ReactNode
  title?: string | undefined
}

/** What is known of something, in short: as many facts side by side as there is room for. */
export function Facts({ of }: { of: readonly (Fact | false | undefined)[] }) {
  return (
    <dl className={css.facts}>
      {of.map(
        (f) =>
          f && (
            <div key={f.name}>
              <dt>{f.name}</dt>
              <dd className="digits" title={f.title}>
                {f.value}
              </dd>
            </div>
          ),
      )}
    </dl>
  )
}
