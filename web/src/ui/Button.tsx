import { LoaderCircle } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button as Pressable, Tooltip, TooltipTrigger, type ButtonProps as PressableProps } from 'react-aria-components'
import { classes } from './classes'
import css from './Button.module.css'

export type Look = 'primary' | 'secondary' | 'quiet' | 'danger'

export interface ButtonProps extends Omit<PressableProps, 'className' | 'style' | 'children'> {
  look?: Look
  small?: boolean
  children: ReactNode
}

/** What is pressed. While `isPending` it shows that it is being done, stays in focus and cannot be pressed again. */
export function Button({ look = 'secondary', small, children, ...rest }: ButtonProps) {
  return (
    <Pressable {...rest} className={classes(css.button, css[look], small && css.small)}>
      {rest.isPending && <LoaderCircle className={css.spinner} size={16} aria-hidden />}
      {children}
    </Pressable>
  )
}

export interface IconButtonProps extends Omit<ButtonProps, 'children'> {
  /** What it does: its name for screen readers, and the tip that is shown. */
  label: string
  /** The key that does the same, shown in the tip. */
  shortcut?: string | undefined
  icon: ReactNode
}

/** A button that is only a picture. */
export function IconButton({ look = 'quiet', small, label, shortcut, icon, ...rest }: IconButtonProps) {
  return (
    <TooltipTrigger delay={400}>
      <Pressable {...rest} aria-label={label} className={classes(css.button, css[look], css.icon, small && css.small)}>
        {rest.isPending ? <LoaderCircle className={css.spinner} size={16} aria-hidden /> : icon}
      </Pressable>
      <Tooltip className={css.tip ?? ''} offset={6}>
        {label}
        {shortcut && <kbd>{shortcut}</kbd>}
      </Tooltip>
    </TooltipTrigger>
  )
}
