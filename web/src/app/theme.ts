import { useSyncExternalStore } from 'react'

export type Theme = 'system' | 'light' | 'dark'

const key = 'tandem.theme'
const listeners = new Set<() => void>()

function read(): Theme {
  const kept = localStorage.getItem(key)
  return kept === 'light' || kept === 'dark' ? kept : 'system'
}

function show(theme: Theme) {
  const root = document.documentElement
  if (theme === 'system') delete root.dataset.theme
  else root.dataset.theme = theme
}

/** Shows the theme that was chosen last; call it before the first drawing. Other tabs follow. */
export function startTheme() {
  show(read())
  globalThis.addEventListener('storage', (e) => {
    if (e.key !== key) return
    show(read())
    for (const l of listeners) l()
  })
}

export function setTheme(theme: Theme) {
  if (theme === 'system') localStorage.removeItem(key)
  else localStorage.setItem(key, theme)
  show(theme)
  for (const l of listeners) l()
}

export function useTheme(): Theme {
  return useSyncExternalStore((l) => {
    listeners.add(l)
    return () => listeners.delete(l)
  }, read)
}
