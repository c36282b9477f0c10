import { PhoneOff, Plus, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask, deed } from '@/api/client'
import { Problem } from '@/api/problem'
import type { components } from '@/api/schema'
import { failureText } from '@/app/failure'
import { Page } from '@/app/Page'
import { useDates } from '@/i18n/dates'
import { Button, IconButton } from '@/ui/Button'
import { classes } from '@/ui/classes'
import { Dialog } from '@/ui/Dialog'
import { TextField } from '@/ui/Field'
import { notify } from '@/ui/notice'
import { cell, Table } from '@/ui/Table'
import { Searched, useSearched } from './Searched'
import { useChanged, useMay, useScope } from './setup'
import css from './Views.module.css'

type Exclusion = components['schemas']['Exclusion']

/** Numbers that never become leads (R2), newest first. */
export function Exclusions() {
  const { t } = useTranslation('admin')
  const { tenant } = useScope()
  const may = useMay()
  const dates = useDates()
  const [written, setWritten] = useState<Partial<Exclusion>>()
  const [ending, setEnding] = useState<Exclusion>()
  const excluded = useSearched<Exclusion>('exclusions', (query) => ask(api.GET('/api/v1/lead-exclusions', { params: { query } })))
  const add = may('excludeNumber') && (
    <Button small look="primary" onPress={() => setWritten({})}>
      <Plus size={16} aria-hidden />
      {t('exclusions.new')}
    </Button>
  )

  return (
    <Page title={t('exclusions.title')} aside={add}>
      <p className={css.about}>{t('exclusions.about')}</p>
      <Searched of={excluded} icon={PhoneOff} texts={{ search: t('exclusions.search'), none: t('exclusions.none'), more: t('exclusions.more') }}>
        {(items) => (
          <Table
            label={t('exclusions.title')}
            heads={[
              { id: 'number', text: t('exclusions.number') },
              { id: 'reason', text: t('exclusions.reason') },
              { id: 'since', text: t('exclusions.since'), wide: true },
              ...(may('endExclusion') ? [{ id: 'end', text: t('exclusions.end'), said: true, width: '4.75rem' }] : []),
            ]}
          >
            {items.map((x) => (
              <tr key={x.number}>
                <td className="digits">
                  {may('excludeNumber') ? (
                    <button type="button" className={cell.link} onClick={() => setWritten(x)}>
                      {x.number}
                    </button>
                  ) : (
                    x.number
                  )}
                </td>
                <td className={css.text}>{x.reason ?? <span className={cell.soft}>–</span>}</td>
                <td className={classes('digits', cell.wide, cell.soft)}>{dates.moment(x.created_at)}</td>
                {may('endExclusion') && (
                  <td className={cell.act}>
                    <IconButton label={t('exclusions.endOf', { number: x.number })} icon={<Trash2 size={18} aria-hidden />} onPress={() => setEnding(x)} />
                  </td>
                )}
              </tr>
            ))}
          </Table>
        )}
      </Searched>
      {written && tenant !== undefined && <Write tenant={tenant} row={written} onClose={() => setWritten(undefined)} />}
      {ending && <End row={ending} onClose={() => setEnding(undefined)} />}
    </Page>
  )
}

/** A number is put on the list; of one that is there the reason changes. */
function Write({ tenant, row, onClose }: { tenant: string; row: Partial<Exclusion>; onClose: () => void }) {
  const { t } = useTranslation('admin')
  const changed = useChanged()
  const [number, setNumber] = useState(row.number ?? '')
  const [reason, setReason] = useState(row.reason ?? '')
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const isNew = row.number === undefined

  async function save() {
    setBusy(true)
    setProblem(undefined)
    try {
      const kept = await ask(api.POST('/api/v1/lead-exclusions', { params: { header: deed() }, body: { tenant, number: number.trim(), reason: reason.trim() } }))
      notify('good', t(isNew ? 'exclusions.added' : 'item.saved', { number: kept.number, name: kept.number }))
      onClose()
      await changed()
    } catch (e) {
      setProblem(e instanceof Problem ? e : new Problem(0, undefined))
    } finally {
      setBusy(false)
    }
  }

  const errorOf = (field: string) => (problem?.field === field ? problem.message : undefined)
  return (
    <Dialog
      title={isNew ? t('exclusions.new') : (row.number ?? '')}
      isOpen
      onClose={onClose}
      foot={
        <>
          <Button onPress={onClose}>{t('cancel', { ns: 'common' })}</Button>
          <Button look="primary" type="submit" form="exclusion" isPending={busy} isDisabled={number.trim() === ''}>
            {t(isNew ? 'exclusions.add' : 'item.save')}
          </Button>
        </>
      }
    >
      <form
        id="exclusion"
        className={css.fields}
        noValidate
        onSubmit={(e) => {
          e.preventDefault()
          void save()
        }}
      >
        {isNew && (
          <TextField
            label={t('exclusions.number')}
            hint={t('exclusions.number_hint')}
            value={number}
            onChange={setNumber}
            inputMode="tel"
            autoComplete="off"
            autoFocus
            isRequired
            error={errorOf('number')}
          />
        )}
        <TextField label={t('exclusions.reason')} hint={t('exclusions.reason_hint')} value={reason} onChange={setReason} autoFocus={!isNew} error={errorOf('reason')} />
        {problem && problem.field !== 'number' && problem.field !== 'reason' && <p role="alert">{failureText(problem)}</p>}
      </form>
    </Dialog>
  )
}

/** Asks before a number is taken off the list. */
function End({ row, onClose }: { row: Exclusion; onClose: () => void }) {
  const { t } = useTranslation('admin')
  const changed = useChanged()
  const [problem, setProblem] = useState<string>()
  const [busy, setBusy] = useState(false)

  async function end() {
    setBusy(true)
    setProblem(undefined)
    try {
      await ask(api.DELETE('/api/v1/lead-exclusions/{id}', { params: { path: { id: row.number }, query: { tenant: row.tenant } } }))
      notify('good', t('exclusions.ended', { number: row.number }))
      onClose()
      await changed()
    } catch (e) {
      setProblem(failureText(e))
    } finally {
      setBusy(false)
    }
  }

  return (
    <Dialog
      title={t('exclusions.endTitle', { number: row.number })}
      isOpen
      onClose={onClose}
      foot={
        <>
          <Button onPress={onClose}>{t('cancel', { ns: 'common' })}</Button>
          <Button look="danger" onPress={() => void end()} isPending={busy}>
            {t('exclusions.end')}
          </Button>
        </>
      }
    >
      <p>{t('exclusions.endText')}</p>
      {problem && <p role="alert">{problem}</p>}
    </Dialog>
  )
}
