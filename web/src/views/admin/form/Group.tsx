import { useId, type ReactNode } from 'react'
import fieldCSS from '@/ui/Field.module.css'

/** Several controls that are one field. */
export function Group({ label, hint, error, children }: { label: string; hint?: string | undefined; error?: string | undefined; children: ReactNode }) {
  const id = useId()
  return (
    <div role="group" aria-labelledby={id} className={fieldCSS.field} {...(hint || error ? { 'aria-describedby': `${id}-more` } : {})}>
      <span className={fieldCSS.label} id={id}>
        {label}
      </span>
      {children}
      {(hint || error) && (
        <p id={`${id}-more`} className={error ? fieldCSS.error : fieldCSS.hint}>
          {error ?? hint}
        </p>
      )}
    </div>
  )
}
