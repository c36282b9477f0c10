import { createLink } from '@tanstack/react-router'
import type { ComponentProps, ReactNode } from 'react'
import { classes } from '@/ui/classes'
import buttonCSS from '@/ui/Button.module.css'
import css from './Admin.module.css'

interface LookProps extends Omit<ComponentProps<'a'>, 'children' | 'className'> {
  label: string
  icon: ReactNode
  /** The label is shown beside the picture; otherwise it is the picture's name. */
  text?: boolean
}

function Look({ label, icon, text, ...link }: LookProps) {
  return (
    <a
      {...link}
      className={classes(buttonCSS.button, text ? buttonCSS.secondary : classes(buttonCSS.quiet, buttonCSS.icon), text && buttonCSS.small, css.link)}
      {...(text ? {} : { 'aria-label': label, title: label })}
    >
      {icon}
      {text && label}
    </a>
  )
}

/** A way to elsewhere that looks like a button, with a picture only or with text. */
export const LinkButton = createLink(Look)
