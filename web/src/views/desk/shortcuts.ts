import { useEffect, useLayoutEffect, useRef } from 'react'
import { usePreference } from '@/app/preference'

/** What a key does at the desk. The help shows them in this order. */
export const shortcuts = [
  { id: 'available', key: 'a' },
  { id: 'decline', key: 'd' },
  { id: 'hold', key: 'h' },
  { id: 'mute', key: 'm' },
  { id: 'consult', key: 'c' },
  { id: 'transfer', key: 't' },
  { id: 'toggle', key: 's' },
  { id: 'merge', key: 'j' },
  { id: 'keypad', key: 'k' },
  { id: 'recording', key: 'r' },
  { id: 'notes', key: 'n' },
  { id: 'end', key: 'E' },
  { id: 'help', key: '?' },
] as const

export type Shortcut = (typeof shortcuts)[number]['id']

/** As it is printed on a key, or on two. */
export function keyOf(id: Shortcut): string {
  const key = shortcuts.find((s) => s.id === id)?.key ?? ''
  return key === 'E' ? '⇧ E' : key.toUpperCase()
}

/**
 * What was pressed, as {@link shortcuts} has it. Under a layout of other letters (Ukrainian) a key is the letter that is printed on it beside them; and a letter is a capital with
 * Shift only: nobody whose Caps Lock is on shall end a conversation with a single key.
 */
function pressed(e: KeyboardEvent): string {
  const letter = /^[a-z]$/i.test(e.key) ? e.key : /[^ -~]/.test(e.key) ? /^Key([A-Z])$/.exec(e.code)?.[1] : undefined
  if (letter === undefined) return e.key
  return e.shiftKey ? letter.toUpperCase() : letter.toLowerCase()
}

/** Single keys can be turned off: who speaks to the computer, or leans on the keyboard, must not end calls by it (WCAG 2.1.4). */
export function useShortcutsOn(): [boolean, (on: boolean) => void] {
  const [value, set] = usePreference('shortcuts', 'on')
  return [value === 'on', (on) => set(on ? 'on' : 'off')]
}

/** Keys belong to whatever is being typed into, and to open dialogs and menus. */
function isTaken(target: EventTarget | null): boolean {
  const at = target instanceof Element ? target : undefined
  if (at?.closest('input, textarea, select, [contenteditable], [role=listbox], [role=menu]')) return true
  return document.querySelector('[role=dialog], [role=alertdialog]') !== null
}

/** Into which field was typed last, by somebody who has not finished with it, and when. */
let field: Element | undefined
let typed = 0

/** Milliseconds without a key after which nobody is in the middle of a sentence any more. */
const pause = 1500

/** Whose field goes away under their hands, because the time of the wrap-up is over, types on for a moment: the rest of a word must not decline the next request. */
function isRestOfWord({ key, target, ctrlKey, metaKey }: KeyboardEvent): boolean {
  const now = Date.now()
  const into = target instanceof Element ? target.closest('input, textarea') : null
  const isSent = key === 'Enter' && (into?.tagName !== 'TEXTAREA' || ctrlKey || metaKey)
  if (into) field = isSent || key === 'Escape' ? undefined : into
  else if (!field || field.isConnected || now - typed > pause) return false
  typed = now
  return !into
}

/** Somebody is in the middle of a sentence, of several lines perhaps. */
export function isWriting(): boolean {
  return field?.tagName === 'TEXTAREA' && Date.now() - typed <= pause
}

/** Does what a key stands for, as long as the view is shown. A deed that is not possible now is left out of `deeds`. */
export function useShortcuts(deeds: Partial<Record<Shortcut, (() => void) | undefined>>) {
  const [on] = useShortcutsOn()
  const current = useRef(deeds)
  // Together with what is drawn: a key that is pressed at once does what the desk shows.
  useLayoutEffect(() => {
    current.current = deeds
  })
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (isRestOfWord(e) || e.ctrlKey || e.altKey || e.metaKey || e.repeat || isTaken(e.target)) return
      const key = pressed(e)
      const found = shortcuts.find((s) => s.key === key)
      if (!found || (!on && found.id !== 'help')) return
      const deed = current.current[found.id]
      if (!deed) return
      e.preventDefault()
      deed()
    }
    // Before the focused control gets it: letters mean nothing to a button.
    globalThis.addEventListener('keydown', press, { capture: true })
    return () => globalThis.removeEventListener('keydown', press, { capture: true })
  }, [on])
}
