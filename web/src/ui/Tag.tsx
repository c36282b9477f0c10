import type { ReactNode } from 'react'
import { classes } from './classes'
import css from './Tag.module.css'

/** What a tag's colour says. */
export type Tone = 'good' | 'warn' | 'bad' | 'off' | 'ring' | 'busy' | 'after'

/** A word on how something stands, in its colour; with a picture where colours alone would have to tell states apart. */
export function Tag({ tone, icon, children }: { tone: Tone; icon?: ReactNode; children: ReactNode }) {
  return (
    <span className={classes(css.tag, css[tone], icon !== undefined && css.pictured)}>
      {icon}
      {children}
    </span>
  )
}
