import { useEffect, useRef, useState } from 'react'
import { Button as Pressable } from 'react-aria-components'
import { useTranslation } from 'react-i18next'
import { Dialog } from '@/ui/Dialog'
import { press } from './deeds'
import css from './DialPad.module.css'

const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#']

/** The most digits that go in one request. */
const most = 32

/**
 * Sends digits one request after another, so that they arrive in the order in which they were pressed. What is pressed while one is under way goes together in the next.
 */
export class DigitLine {
  private waiting = ''
  private sending = false
  private readonly send: (digits: string) => Promise<boolean>

  constructor(send: (digits: string) => Promise<boolean>) {
    this.send = send
  }

  async add(digit: string) {
    this.waiting += digit
    if (this.sending) return
    this.sending = true
    while (this.waiting) {
      const next = this.waiting.slice(0, most)
      this.waiting = this.waiting.slice(most)
      // What was refused makes no sense in part: the rest is dropped with it.
      if (!(await this.send(next))) this.waiting = ''
    }
    this.sending = false
  }
}

/** Digits into the call (C17), by mouse or by keyboard. */
export function DialPad({ call, onClose }: { call: string; onClose: () => void }) {
  const { t } = useTranslation('desk')
  const [sent, setSent] = useState('')
  const line = useRef<DigitLine>(undefined)
  line.current ??= new DigitLine((digits) => press(call, digits))

  function push(key: string) {
    setSent((s) => (s + key).slice(-most))
    void line.current?.add(key)
  }

  useEffect(() => {
    const typed = (e: KeyboardEvent) => {
      if (e.ctrlKey || e.altKey || e.metaKey || !keys.includes(e.key)) return
      e.preventDefault()
      setSent((s) => (s + e.key).slice(-most))
      void line.current?.add(e.key)
    }
    globalThis.addEventListener('keydown', typed, { capture: true })
    return () => globalThis.removeEventListener('keydown', typed, { capture: true })
  }, [])

  return (
    <Dialog title={t('control.keypad')} isOpen onClose={onClose}>
      <p className={css.sent} role="log" aria-label={t('keypad.sent')}>
        {sent}
      </p>
      <div className={css.pad}>
        {keys.map((k) => (
          <Pressable key={k} className={css.key ?? ''} onPress={() => push(k)}>
            {k}
          </Pressable>
        ))}
      </div>
      <p className={css.hint}>{t('keypad.hint')}</p>
    </Dialog>
  )
}
