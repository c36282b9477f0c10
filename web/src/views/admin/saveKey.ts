import { useEffect, type RefObject } from 'react'
import { flushSync } from 'react-dom'

/** Ctrl+S saves a form, wherever the focus is; what a dialog asks comes first. */
export function useSaveKey(form: RefObject<HTMLFormElement | null>) {
  useEffect(() => {
    const press = (e: KeyboardEvent) => {
      if (!(e.ctrlKey || e.metaKey) || e.key !== 's') return
      e.preventDefault()
      const button = form.current?.querySelector<HTMLButtonElement>('button[type=submit]')
      if (!button || document.querySelector('[role=dialog], [role=alertdialog]')) return
      takeTyped()
      form.current?.requestSubmit(button)
    }
    // On the way down: a field that listens to keys itself lets none of them up.
    globalThis.addEventListener('keydown', press, true)
    return () => globalThis.removeEventListener('keydown', press, true)
  }, [form])
}

/** Some fields take what was typed when they are left, as a press of the button does it. */
function takeTyped() {
  const at = document.activeElement
  if (!(at instanceof HTMLElement)) return
  flushSync(() => at.blur())
  at.focus()
}
