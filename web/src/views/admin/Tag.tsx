import type { ReactNode } from 'react'
import { classes } from '@/ui/classes'
import css from './Tag.module.css'

/** A word on how something stands. */
export function Tag({ tone, children }: { tone: 'good' | 'warn' | 'bad' | 'off'; children: ReactNode }) {
  return <span className={classes(css.tag, css[tone])}>{children}</span>
}
