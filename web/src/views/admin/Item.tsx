import { useBlocker, useNavigate } from '@tanstack/react-router'
import { CircleAlert, History, Save, SearchX, Trash2, Undo2, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Problem } from '@/api/problem'
import { failureText } from '@/app/failure'
import { useTitle } from '@/app/Page'
import { session } from '@/app/session'
import { Button, IconButton } from '@/ui/Button'
import { Empty } from '@/ui/Card'
import { Dialog } from '@/ui/Dialog'
import { notify } from '@/ui/notice'
import { newID, useAddress, useAdminSearch } from './address'
import { LinkButton } from './LinkButton'
import { DeleteDialog } from './DeleteDialog'
import { body, fieldOf, idFrom, valueAt, type Draft } from './form/draft'
import { namesOf } from './form/fields'
import { Form, type Complaint } from './form/Form'
import { useWords } from './form/texts'
import { kinds } from './kinds'
import { Cell } from './kinds/Cell'
import type { Kind, KindID, Question, Row } from './kinds/kind'
import { useSaveKey } from './saveKey'
import { useChanged, useMay, useRow, useScope } from './setup'
import { useDraft } from './useDraft'
import css from './Item.module.css'

/** One item of a list, by the address. */
export function ItemView() {
  const { t } = useTranslation('admin')
  const { kind: named = '', id = '' } = useAddress()
  const of = named as KindID // the list around it has looked
  const { with: preset } = useAdminSearch()
  const { tenant } = useScope()
  const kind = kinds[of]
  const row = useRow(of, id)
  if (id === newID) {
    if (tenant === undefined && of !== 'tenants' && of !== 'users') return null
    const blank = { ...kind.blank(tenant ?? ''), ...preset, version: 0 } as unknown as Row
    return <ItemForm key={`${of}/${id}`} kind={kind} row={blank} isNew />
  }
  if (row === undefined) return null
  if (!row) return <Empty icon={SearchX} title={t('item.gone')} />
  return <ItemForm key={`${of}/${id}`} kind={kind} row={row} isNew={false} />
}

/** An item to be read and changed. */
export function ItemForm({ kind, row, isNew, isAlone }: { kind: Kind; row: Row; isNew: boolean; isAlone?: boolean }) {
  const { t } = useTranslation('admin')
  const navigate = useNavigate()
  const may = useMay()
  const changed = useChanged()
  const words = useWords(kind.texts)
  const { base, draft, told, isDirty, set, discard, saved } = useDraft(row)
  const [problem, setProblem] = useState<Problem>()
  const [busy, setBusy] = useState(false)
  const [deleting, setDeleting] = useState(false)
  const [question, setQuestion] = useState<Question>()
  const leaving = useRef(false)
  const form = useRef<HTMLFormElement>(null)
  const title = isNew ? t(`${kind.texts}.new`) : kind.title(base)
  useTitle(title)
  const isReadOnly = !may(isNew ? kind.operations.create : kind.operations.replace)
  const names = namesOf(kind.sections as never)
  const complaints = complaintsOf(kind, draft, problem, names, t('form.notANumber'))
  const elsewhere = problem && !fieldOf(problem.field, names) ? failureText(problem) : undefined

  const blocker = useBlocker({
    // Whoever is signed out has to go, and whoever has saved may.
    shouldBlockFn: ({ current, next }) => isDirty && !leaving.current && session.get().status === 'in' && current.pathname !== next.pathname,
    enableBeforeUnload: () => isDirty && !leaving.current,
    withResolver: true,
  })

  // What is wrong has to be seen, however long the form is.
  useEffect(() => {
    if (!problem) return
    const at = form.current?.querySelector<HTMLElement>('[data-invalid] input, [data-invalid] button, [aria-invalid=true], [data-complaint]')
    at?.scrollIntoView({ block: 'center' })
    at?.focus({ preventScroll: true })
  }, [problem])

  useSaveKey(form)

  async function save(agreed: boolean) {
    if (complaintsOf(kind, draft, undefined, names, '').length > 0) return
    const sent = withID(isNew, body(draft))
    setQuestion(undefined)
    setProblem(undefined)
    setBusy(true)
    try {
      if (!agreed) {
        const asks = await kind.question?.(sent, t)
        if (asks) {
          setQuestion(asks)
          return
        }
      }
      const made = isNew ? await kind.create(sent, agreed) : await kind.replace(base, sent, agreed)
      notify('good', t(isNew ? 'item.created' : 'item.saved', { name: kind.title(made) }))
      leaving.current = true
      saved(made)
      await changed()
      if (isNew) await navigate({ to: '/admin/$kind/$id', params: { kind: kind.id, id: made.id } })
      leaving.current = false
    } catch (failure) {
      // Somebody else was faster: with their version comes what they changed, and what is written here stays (useDraft).
      if (failure instanceof Problem && failure.code === 'version_conflict') await changed()
      else setProblem(failure instanceof Problem ? failure : new Problem(0, undefined))
    } finally {
      setBusy(false)
    }
  }

  const Beside = kind.beside
  const standing = isNew ? undefined : kind.columns.find((c) => c.tone)
  return (
    <section className={css.item} aria-label={title}>
      <header className={css.head}>
        <h2>{title}</h2>
        {standing && <Cell column={standing} row={row} />}
        <div className={css.deeds}>
          {!isNew && may('listAudit') && (
            <LinkButton to="/admin/audit" search={{ object: `${kind.object}/${base.id}` }} label={t('item.history')} icon={<History size={18} aria-hidden />} />
          )}
          {!isNew && may(kind.operations.remove) && (
            <IconButton label={t('item.delete')} icon={<Trash2 size={18} aria-hidden />} onPress={() => setDeleting(true)} />
          )}
          {!isAlone && (
            <IconButton label={t('item.close')} icon={<X size={20} aria-hidden />} onPress={() => void navigate({ to: '/admin/$kind', params: { kind: kind.id } })} />
          )}
        </div>
      </header>
      <form
        ref={form}
        className={css.form}
        noValidate
        onSubmit={(e) => {
          e.preventDefault()
          void save(false)
        }}
      >
        {isReadOnly && <p className={css.note}>{t('item.readOnly')}</p>}
        <div aria-live="polite">
          {told && (told.taken.length > 0 || told.disputed.length > 0) && (
            <div className={css.told}>
              <strong>{t('item.told')}</strong>
              {told.taken.length > 0 && <p>{t('item.taken', { fields: labels(told.taken, words) })}</p>}
              {told.disputed.length > 0 && <p>{t('item.disputed', { fields: labels(told.disputed, words) })}</p>}
            </div>
          )}
          {elsewhere && (
            <p className={css.problem} data-complaint tabIndex={-1}>
              <CircleAlert size={18} aria-hidden />
              {elsewhere}
            </p>
          )}
        </div>
        <Form texts={kind.texts} sections={kind.sections as never} draft={draft} set={set} complaints={complaints} isNew={isNew} isReadOnly={isReadOnly} />
        {!isNew && Beside && <Beside row={row} mayWrite={!isReadOnly} />}
        {!isReadOnly && (isDirty || isNew) && (
          <div className={css.foot}>
            <span className={css.unsaved}>{isDirty && t('item.unsaved')}</span>
            {!isNew && (
              <Button look="quiet" onPress={discard}>
                <Undo2 size={16} aria-hidden />
                {t('item.discard')}
              </Button>
            )}
            <Button look="primary" type="submit" isPending={busy}>
              <Save size={16} aria-hidden />
              {t(isNew ? 'item.create' : 'item.save')}
            </Button>
          </div>
        )}
      </form>

      <Dialog
        title={t('item.leaveTitle')}
        isOpen={blocker.status === 'blocked'}
        onClose={() => blocker.reset?.()}
        foot={
          <>
            <Button onPress={() => blocker.reset?.()}>{t('item.stay')}</Button>
            <Button look="danger" onPress={() => blocker.proceed?.()}>
              {t('item.leave')}
            </Button>
          </>
        }
      >
        <p>{t('item.leaveText', { name: title })}</p>
      </Dialog>
      <Dialog
        title={question?.title ?? ''}
        isOpen={question !== undefined}
        onClose={() => setQuestion(undefined)}
        foot={
          <>
            <Button onPress={() => setQuestion(undefined)}>{t('cancel', { ns: 'common' })}</Button>
            <Button look="danger" onPress={() => void save(true)}>
              {question?.go}
            </Button>
          </>
        }
      >
        {question?.text}
      </Dialog>
      {deleting && (
        <DeleteDialog
          kind={kind}
          row={base}
          onClose={() => setDeleting(false)}
          onDone={async () => {
            leaving.current = true
            await navigate({ to: '/admin/$kind', params: { kind: kind.id } })
            await changed()
          }}
        />
      )}
    </section>
  )
}

/** Numbers that are none, and what the server said. */
function complaintsOf(kind: Kind, draft: Draft, problem: Problem | undefined, names: readonly string[], notANumber: string): Complaint[] {
  const found: Complaint[] = kind.sections
    .flatMap((s) => s.fields)
    .filter((f) => (f.as === 'number' || f.as === 'seconds') && typeof valueAt(draft, f.name) === 'string')
    .map((f) => ({ field: f.name, raw: f.name, text: notANumber }))
  const field = fieldOf(problem?.field, names)
  if (problem && field) found.push({ field, raw: problem.field ?? '', text: problem.code === 'invalid' ? problem.message : failureText(problem).replace(`${problem.field}: `, '') })
  return found
}

/** The id as the form shows it, which nobody has to type in. */
function withID(isNew: boolean, sent: Record<string, unknown>): Record<string, unknown> {
  if (!isNew) return sent
  const id = (sent.id ?? idFrom(sent.name as string)) as string
  return id ? { ...sent, id } : sent
}

function labels(names: readonly string[], words: (name: string) => string | undefined): string {
  return names.map((n) => words(n) ?? n).join(', ')
}
