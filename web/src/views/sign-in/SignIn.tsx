import { useNavigate, useSearch } from '@tanstack/react-router'
import { useEffect, useState, type SubmitEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { Problem } from '@/api/problem'
import { Brand } from '@/app/Brand'
import { failureText } from '@/app/failure'
import { useTitle } from '@/app/Page'
import { home } from '@/app/nav'
import { session, useSession } from '@/app/session'
import { setLanguage } from '@/i18n'
import { languages, type Language } from '@/i18n/languages'
import { Button } from '@/ui/Button'
import { Select, TextField } from '@/ui/Field'
import css from './SignIn.module.css'

/** The way in: a name and a password. */
export function SignIn() {
  const { t, i18n } = useTranslation()
  const state = useSession()
  const navigate = useNavigate()
  const { to } = useSearch({ from: '/sign-in' })
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const [refusal, setRefusal] = useState<string>()
  const [busy, setBusy] = useState(false)
  useTitle(t('signIn.title'))

  useEffect(() => {
    if (state.status === 'in') void navigate({ to: to ?? home(state.me), replace: true })
  }, [state, to, navigate])

  async function submit(e: SubmitEvent) {
    e.preventDefault()
    setBusy(true)
    setRefusal(undefined)
    try {
      await session.signIn(name.trim(), password)
    } catch (failure) {
      setPassword('')
      setRefusal(failure instanceof Problem && failure.status === 401 ? t('signIn.wrong') : failureText(failure))
    } finally {
      setBusy(false)
    }
  }

  return (
    <main className={css.page}>
      <div className={css.side}>
        <div className={css.mark}>
          <Brand size={40} />
          Tandem
        </div>
        <blockquote>{t('signIn.motto')}</blockquote>
        <span aria-hidden />
      </div>
      <form className={css.form} onSubmit={(e) => void submit(e)}>
        <h1>{t('signIn.title')}</h1>
        {state.status === 'out' && state.ended && (
          <p className={css.note} role="status">
            {t('signIn.ended')}
          </p>
        )}
        <TextField label={t('signIn.name')} value={name} onChange={setName} name="username" autoComplete="username" isRequired autoFocus />
        <TextField
          label={t('signIn.password')}
          value={password}
          onChange={setPassword}
          name="password"
          type="password"
          autoComplete="current-password"
          isRequired
        />
        {refusal && (
          <p className={css.refused} role="alert">
            {refusal}
          </p>
        )}
        <Button look="primary" type="submit" isPending={busy}>
          {t('signIn.go')}
        </Button>
        <div className={css.language}>
          <Select
            label={t('user.language')}
            bare
            options={Object.entries(languages).map(([id, label]) => ({ id: id as Language, label }))}
            value={i18n.language as Language}
            onChange={setLanguage}
          />
        </div>
      </form>
    </main>
  )
}
