import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'
import { classes } from './classes'
import css from './Tag.module.css'

/** What a tag's colour says. */
export type Tone = 'good' | 'warn' | 'bad' | 'off' | 'ring' | 'busy' | 'after'

/** How something stands, without words: a colour, and a picture where colours alone would have to tell states apart. */
export interface Look {
  tone: Tone
  icon?: LucideIcon
}

/** A word on how something stands, in its look. */
export function Tag({ tone, icon: Icon, children }: Look & { children: ReactNode }) {
  return (
    <span className={classes(css.tag, css[tone], Icon && css.pictured)}>
      {Icon && <Icon size={14} aria-hidden />}
      {children}
    </span>
  )
}
