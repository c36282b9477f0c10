import { Eye, EyeOff } from 'lucide-react'
import { useEffect, useState, type SubmitEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask, deed } from '@/api/client'
import { Problem } from '@/api/problem'
import type { Call, Variable } from '@/api/types'
import { attempt, failureText } from '@/app/failure'
import { useDates } from '@/i18n/dates'
import { usePreference, useSecret } from '@/app/preference'
import { useLive } from '@/live/store'
import { Button, IconButton } from '@/ui/Button'
import { Card } from '@/ui/Card'
import { Select, TextField } from '@/ui/Field'
import { notify } from '@/ui/notice'
import { brokenRule, fromLocal, longest, readDrafts, replaced, toLocal, type Draft } from './values'
import css from './Variables.module.css'

/**
 * Call-associated data (C18): what is known about the call, and what the agent finds out. Drafts stay in this browser until they are saved or reverted; those of secure values
 * in this tab only, and not over a reload. Whoever saves what somebody else has written meanwhile is told, and decides.
 */
export function Variables({ call }: { call: Call }) {
  const { t } = useTranslation('desk')
  const [open, keepOpen] = usePreference(`draft.${call.id}`, '{}')
  const [secret, keepSecret] = useSecret(`draft.${call.id}`, '{}')
  const [problem, setProblem] = useState<{ name: string; text: string }>()
  const [busy, setBusy] = useState(false)
  const live = useLive((l) => l.link === 'live')
  const variables = call.variables ?? []
  const drafts = { ...readDrafts(open), ...readDrafts(secret) }
  const changed = variables.filter((v) => {
    const d = drafts[v.name]
    return d !== undefined && d.value !== shown(v)
  })
  const broken = changed.some((v) => brokenRule(v.type, drafts[v.name]?.value ?? '') !== undefined)

  /** Changes one draft, whatever has become of the others since this was drawn: gives it anew, or undefined for none. */
  function setDraft(v: Variable, draft: (had: Draft | undefined) => Draft | undefined) {
    const keep = v.secure ? keepSecret : keepOpen
    keep((now) => {
      const all = readDrafts(now)
      const next = draft(all[v.name])
      const others = Object.entries(all).filter(([name]) => name !== v.name)
      return JSON.stringify(Object.fromEntries(next ? [...others, [v.name, next]] : others))
    })
  }

  function edit(v: Variable, value: string) {
    setProblem(undefined)
    setDraft(v, (had) => ({ value, version: had?.version ?? v.version }))
  }

  function revert() {
    setProblem(undefined)
    keepOpen('{}')
    keepSecret('{}')
  }

  async function save(e: SubmitEvent) {
    e.preventDefault()
    if (busy || !live) return
    setBusy(true)
    setProblem(undefined)
    const values = changed.map((v) => ({ name: v.name, value: drafts[v.name]?.value ?? '', version: drafts[v.name]?.version ?? v.version }))
    try {
      await ask(api.PUT('/api/v1/calls/{id}/variables', { params: { path: { id: call.id }, header: deed() }, body: { values } }))
      // What was typed meanwhile is a draft still, on top of what has just been written.
      for (const [i, v] of changed.entries()) {
        const sent = values[i]
        setDraft(v, (had) => (had && sent && had.value !== sent.value ? { value: had.value, version: sent.version + 1 } : undefined))
      }
      notify('good', t('data.saved'))
    } catch (failure) {
      const at = failure instanceof Problem ? /^values\[(\d+)\]/.exec(failure.field ?? '')?.[1] : undefined
      const name = at === undefined ? undefined : values[Number(at)]?.name
      if (name !== undefined) setProblem({ name, text: failure instanceof Problem && failure.code === 'stale' ? t('data.stale') : failureText(failure) })
      else notify('bad', failureText(failure))
    } finally {
      setBusy(false)
    }
  }

  return (
    <Card title={t('data.title')}>
      {variables.length === 0 ? (
        <p className={css.empty}>{t('data.none')}</p>
      ) : (
        <form className={css.form} onSubmit={(e) => void save(e)}>
          {variables.map((v) => {
            const draft = drafts[v.name]
            return (
              <div key={v.name}>
                {v.editable ? (
                  <Edit v={v} value={draft?.value ?? shown(v)} error={errorOf(v)} onChange={(value) => edit(v, value)} call={call.id} />
                ) : (
                  <dl className={css.fixed}>
                    <dt>{v.label}</dt>
                    <dd>{v.secure ? <Secret v={v} call={call.id} /> : <Value v={v} />}</dd>
                  </dl>
                )}
                {replaced(v, draft) && (
                  <div className={css.replaced} role="alert">
                    {v.secure ? t('data.replacedSecret') : t('data.replaced', { value: v.value || '—' })}
                    <Button
                      small
                      onPress={() => {
                        setProblem(undefined)
                        setDraft(v, () => undefined)
                      }}
                    >
                      {t('data.takeTheirs')}
                    </Button>
                    <Button
                      small
                      onPress={() => {
                        setProblem(undefined)
                        setDraft(v, (had) => ({ value: had?.value ?? '', version: v.version }))
                      }}
                    >
                      {t('data.keepMine')}
                    </Button>
                  </div>
                )}
              </div>
            )
          })}
          {changed.length > 0 && (
            <div className={css.foot}>
              <Button onPress={revert}>{t('data.revert')}</Button>
              <Button look="primary" type="submit" isPending={busy} isDisabled={broken || !live}>
                {t('data.save')}
              </Button>
            </div>
          )}
        </form>
      )}
    </Card>
  )

  function errorOf(v: Variable): string | undefined {
    const rule = brokenRule(v.type, drafts[v.name]?.value ?? '')
    if (rule) return t(`data.rule.${rule}`, { longest })
    return problem?.name === v.name ? problem.text : undefined
  }
}

/** What stands in the field before anybody types: of a secure one nothing, because asterisks are no value. */
function shown(v: Variable): string {
  return v.secure ? '' : v.value
}

function Value({ v }: { v: Variable }) {
  const { t } = useTranslation('desk')
  const dates = useDates()
  if (v.value === '') return <span className={css.empty}>{t('data.noValue')}</span>
  if (v.type === 'boolean') return <>{v.value === 'true' ? t('data.yes') : t('data.no')}</>
  if (v.type === 'date_time') return <>{dates.moment(v.value)}</>
  return <>{v.value}</>
}

function Edit({ v, value, error, onChange, call }: { v: Variable; value: string; error: string | undefined; onChange: (value: string) => void; call: string }) {
  const { t } = useTranslation('desk')
  if (v.type === 'boolean') {
    const options = [
      { id: 'none', label: t('data.noValue') },
      { id: 'true', label: t('data.yes') },
      { id: 'false', label: t('data.no') },
    ]
    return <Select label={v.label} options={options} value={value || 'none'} onChange={(k) => onChange(k === 'none' ? '' : k)} error={error} />
  }
  if (v.type === 'date_time') {
    return <TextField label={v.label} type="datetime-local" value={toLocal(value)} onChange={(local) => onChange(fromLocal(local))} error={error} />
  }
  return (
    <TextField
      label={v.label}
      value={value}
      onChange={onChange}
      inputMode={v.type === 'integer' ? 'numeric' : v.type === 'decimal' ? 'decimal' : 'text'}
      error={error}
      {...(v.secure && v.value ? { placeholder: t('data.another') } : {})}
      hint={v.secure && v.value ? <Secret v={v} call={call} /> : undefined}
    />
  )
}

/** How long a revealed value is shown, milliseconds. */
const glance = 20_000

/** A secure value: asterisks, until somebody asks for it, which the server writes down. It goes away by itself. */
function Secret({ v, call }: { v: Variable; call: string }) {
  const { t } = useTranslation('desk')
  const [value, setValue] = useState<string>()
  const live = useLive((l) => l.link === 'live')
  useEffect(() => {
    if (value === undefined) return
    const timer = setTimeout(() => setValue(undefined), glance)
    return () => clearTimeout(timer)
  }, [value])

  async function reveal() {
    await attempt(
      ask(api.POST('/api/v1/calls/{id}/variables/{name}/reveal', { params: { path: { id: call, name: v.name } }, body: {} })).then((r) => setValue(r.value)),
    )
  }

  if (v.value === '') return <span className={css.empty}>{t('data.noValue')}</span>
  return (
    <>
      {value === undefined ? <span className={css.secret}>{v.value}</span> : <span role="status">{value}</span>}
      {value === undefined ? (
        <IconButton small label={t('data.reveal', { label: v.label })} icon={<Eye size={16} aria-hidden />} isDisabled={!live} onPress={() => void reveal()} />
      ) : (
        <IconButton small label={t('data.hide', { label: v.label })} icon={<EyeOff size={16} aria-hidden />} onPress={() => setValue(undefined)} />
      )}
    </>
  )
}
