import i18next, { type BackendModule, type ReadCallback } from 'i18next'
import { initReactI18next } from 'react-i18next'
import { languages, type Language } from './languages'

/** One chunk for each catalogue: nobody loads texts of another language, or of a part of the app that they never open. */
const catalogues = import.meta.glob<Record<string, unknown>>('./*/*.json', { import: 'default' })

const loader: BackendModule = {
  type: 'backend',
  init: () => undefined,
  read(language: string, namespace: string, done: ReadCallback) {
    const load = catalogues[`./${language}/${namespace}.json`]
    if (!load) {
      done(new Error(`there is no catalogue ${language}/${namespace}`), null)
      return
    }
    load().then(
      (texts) => done(null, texts),
      (e: unknown) => done(e instanceof Error ? e : new Error(String(e)), null),
    )
  },
}

const key = 'tandem.language'

function isLanguage(l: string | null | undefined): l is Language {
  return l != null && l in languages
}

/** The language chosen here, or else the first of the browser's that we have. */
function preferred(): Language {
  const chosen = localStorage.getItem(key)
  if (isLanguage(chosen)) return chosen
  for (const l of navigator.languages) {
    const base = l.split('-')[0]
    if (isLanguage(base)) return base
  }
  return 'en'
}

export async function startTexts(): Promise<void> {
  i18next.on('languageChanged', (l) => {
    document.documentElement.lang = l === 'zh' ? 'zh-Hans' : l
  })
  await i18next
    .use(loader)
    .use(initReactI18next)
    .init({
      lng: preferred(),
      fallbackLng: 'en',
      supportedLngs: Object.keys(languages),
      ns: ['common'],
      defaultNS: 'common',
      interpolation: { escapeValue: false }, // React escapes
      returnNull: false,
      // An empty list of parameters is the same as none.
      react: { useSuspense: true },
    })
  globalThis.addEventListener('storage', (e) => {
    if (e.key === key) void i18next.changeLanguage(preferred())
  })
}

export function setLanguage(l: Language) {
  localStorage.setItem(key, l)
  void i18next.changeLanguage(l)
}
