import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { classes } from '@/ui/classes'
import buttonCSS from '@/ui/Button.module.css'
import css from './Admin.module.css'
import type { AdminSearch } from './routes'

/** A way to elsewhere that looks like a button, with a picture only or with text. */
export function LinkButton({ to, search, label, icon, text }: { to: string; search?: AdminSearch; label: string; icon: ReactNode; text?: boolean }) {
  return (
    <Link
      to={to}
      {...(search ? { search } : {})}
      className={classes(buttonCSS.button, text ? buttonCSS.secondary : classes(buttonCSS.quiet, buttonCSS.icon), text && buttonCSS.small, css.link)}
      {...(text ? {} : { 'aria-label': label, title: label })}
    >
      {icon}
      {text && label}
    </Link>
  )
}
