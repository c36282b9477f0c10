import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState, type SubmitEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import { Problem } from '@/api/problem'
import { attempt, failureText } from '@/app/failure'
import { Page } from '@/app/Page'
import { session, useMe } from '@/app/session'
import { useDates } from '@/i18n/dates'
import { Button } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { TextField } from '@/ui/Field'
import { notify } from '@/ui/notice'
import css from './Account.module.css'

/** My password, and where I am signed in. */
export function Account() {
  const { t } = useTranslation()
  const me = useMe()
  return (
    <Page title={t('user.account')}>
      <div className={css.columns}>
        <Card title={t('account.password')}>{me.user ? <Password /> : <p>{t('account.token')}</p>}</Card>
        {!me.must_change_password && (
          <Card title={t('account.sessions')}>
            <Sessions />
          </Card>
        )}
      </div>
    </Page>
  )
}

function Password() {
  const { t } = useTranslation()
  const me = useMe()
  const navigate = useNavigate()
  const [current, setCurrent] = useState('')
  const [chosen, setChosen] = useState('')
  const [problem, setProblem] = useState<{ field: string; text: string }>()
  const [busy, setBusy] = useState(false)

  async function submit(e: SubmitEvent) {
    e.preventDefault()
    setBusy(true)
    setProblem(undefined)
    try {
      session.renew(await ask(api.POST('/api/v1/me/password', { body: { current, new: chosen } })))
      setCurrent('')
      setChosen('')
      notify('good', t('account.changed'))
      if (me.must_change_password) await navigate({ to: '/' })
    } catch (failure) {
      setProblem({ field: failure instanceof Problem ? (failure.field ?? '') : '', text: failureText(failure) })
    } finally {
      setBusy(false)
    }
  }

  return (
    <form className={css.form} onSubmit={(e) => void submit(e)}>
      {me.must_change_password && <p role="status">{t('account.first')}</p>}
      {/* For password stores: whose password this is. */}
      <input className="said" name="username" autoComplete="username" value={me.name} readOnly tabIndex={-1} aria-label={t('signIn.name')} />
      <TextField
        label={t('account.current')}
        type="password"
        autoComplete="current-password"
        value={current}
        onChange={setCurrent}
        isRequired
        error={problem?.field === 'current' ? problem.text : undefined}
      />
      <TextField
        label={t('account.new')}
        hint={t('account.rule')}
        type="password"
        autoComplete="new-password"
        value={chosen}
        onChange={setChosen}
        minLength={12}
        maxLength={128}
        isRequired
        error={problem && problem.field !== 'current' ? problem.text : undefined}
      />
      <Button look="primary" type="submit" isPending={busy}>
        {t('account.change')}
      </Button>
    </form>
  )
}

/** A browser as people call it, from what it calls itself, which names others as well. */
export function browserName(agent: string): string | undefined {
  const browser = [/(Firefox)\/(\d+)/, /(Edg)\/(\d+)/, /(OPR)\/(\d+)/, /(?:Headless)?(Chrome)\/(\d+)/, /Version\/(\d+).*(Safari)/].map((r) => r.exec(agent)).find(Boolean)
  if (!browser) return agent.slice(0, 60) || undefined
  const [name, version] = browser[2] === 'Safari' ? ['Safari', browser[1]] : [{ Edg: 'Edge', OPR: 'Opera' }[browser[1] ?? ''] ?? browser[1], browser[2]]
  const system = /Windows|Mac OS X|Android|iPhone|iPad|CrOS|Linux/.exec(agent)?.[0]
  return [`${name} ${version}`, system?.replace('Mac OS X', 'macOS').replace('CrOS', 'ChromeOS')].filter(Boolean).join(', ')
}

function Sessions() {
  const { t } = useTranslation()
  const dates = useDates()
  const client = useQueryClient()
  const { data } = useQuery({ queryKey: ['sessions'], queryFn: () => ask(api.GET('/api/v1/sessions')) })

  async function end(id: string) {
    if (await attempt(ask(api.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } })))) await client.invalidateQueries({ queryKey: ['sessions'] })
  }

  return (
    <ul>
      {data?.items.map((s) => (
        <li key={s.id} className={css.session}>
          <div>
            <p>{browserName(s.browser) ?? t('account.unknownBrowser')}</p>
            <p className={css.soft}>{t('account.sessionLine', { address: s.address, time: dates.moment(s.used_at) })}</p>
          </div>
          {s.current ? (
            <span className={css.soft}>{t('account.thisOne')}</span>
          ) : (
            <Button small onPress={() => void end(s.id)}>
              {t('account.end')}
            </Button>
          )}
        </li>
      ))}
    </ul>
  )
}
