import { CircleCheck, FileUp } from 'lucide-react'
import { useState } from 'react'
import { FileTrigger } from 'react-aria-components'
import { useTranslation } from 'react-i18next'
import { api, ask, deed } from '@/api/client'
import { Problem } from '@/api/problem'
import type { components } from '@/api/schema'
import { failureText } from '@/app/failure'
import { Button } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Table } from '@/ui/Table'
import { notify } from '@/ui/notice'
import type { Kind } from './kinds/kind'
import { useChanged } from './setup'
import css from './ImportDialog.module.css'

type Imported = components['schemas']['Imported']

type Tried = { name: string; bytes: ArrayBuffer } & ({ would: Imported } | { problem: Problem })

/** Takes a file in, in two steps: what it would do, or what is wrong with which line; then, if that is right, for good. */
export function ImportDialog({ of, title, onClose }: { of: NonNullable<Kind['csv']>; title: string; onClose: () => void }) {
  const { t } = useTranslation('admin')
  const changed = useChanged()
  const [tried, setTried] = useState<Tried>()
  const [busy, setBusy] = useState(false)

  async function look(file: File | undefined) {
    if (!file) return
    setBusy(true)
    const read = { name: file.name, bytes: await file.arrayBuffer() }
    try {
      setTried({ ...read, would: await send(of, read.bytes, true) })
    } catch (e) {
      setTried({ ...read, problem: e instanceof Problem ? e : new Problem(0, undefined) })
    } finally {
      setBusy(false)
    }
  }

  async function take() {
    if (!tried) return
    setBusy(true)
    try {
      const done = await send(of, tried.bytes, false)
      notify('good', t('csv.done', { created: done.created, changed: done.changed }))
      onClose()
      await changed()
    } catch (e) {
      setTried({ name: tried.name, bytes: tried.bytes, problem: e instanceof Problem ? e : new Problem(0, undefined) })
    } finally {
      setBusy(false)
    }
  }

  const would = tried && 'would' in tried ? tried.would : undefined
  return (
    <Dialog
      title={t('csv.title', { title })}
      isOpen
      wide
      onClose={onClose}
      foot={
        <>
          <Button onPress={onClose}>{t('cancel', { ns: 'common' })}</Button>
          <Button look="primary" isDisabled={!would || would.created + would.changed === 0} isPending={busy && Boolean(would)} onPress={() => void take()}>
            {t('csv.go')}
          </Button>
        </>
      }
    >
      <p className={css.soft}>{t('csv.about')}</p>
      <FileTrigger acceptedFileTypes={['.csv', 'text/csv']} onSelect={(files) => void look(files?.[0])}>
        <Button isPending={busy && !would}>
          <FileUp size={16} aria-hidden />
          {tried ? t('csv.another', { name: tried.name }) : t('csv.choose')}
        </Button>
      </FileTrigger>
      <div aria-live="polite" className={css.outcome}>
        {would && (
          <div className={css.would}>
            <CircleCheck size={20} aria-hidden />
            <p>{t('csv.would', { created: would.created, changed: would.changed, unchanged: would.unchanged })}</p>
          </div>
        )}
        {tried && 'problem' in tried && <Wrong problem={tried.problem} text={new TextDecoder().decode(tried.bytes)} />}
      </div>
    </Dialog>
  )
}

/** Every line that is wrong, with what it says. */
function Wrong({ problem, text }: { problem: Problem; text: string }) {
  const { t } = useTranslation('admin')
  const lines = text.split(/\r?\n/)
  if (problem.lines.length === 0) return <p className={css.bad}>{failureText(problem)}</p>
  return (
    <>
      <p className={css.bad}>{t('csv.wrong', { count: problem.lines.length })}</p>
      <Table
        look="inDialog"
        label={t('csv.wrong', { count: problem.lines.length })}
        heads={[
          { id: 'line', text: t('csv.line') },
          { id: 'column', text: t('csv.column') },
          { id: 'rule', text: t('csv.rule') },
        ]}
      >
        {problem.lines.map((l) => (
          <tr key={`${l.line}/${l.field ?? ''}/${l.rule}`}>
            <td className="digits">{l.line}</td>
            <td>{l.field}</td>
            <td>
              {l.rule}
              <code className={css.code}>{lines[l.line - 1]}</code>
            </td>
          </tr>
        ))}
      </Table>
    </>
  )
}

/** Sends the bytes as they are: as text, those of another encoding would arrive as characters that nobody wrote. */
function send(of: NonNullable<Kind['csv']>, bytes: ArrayBuffer, dry: boolean): Promise<Imported> {
  const options = {
    params: { query: { dry_run: dry ? ('true' as const) : ('false' as const) }, header: deed() },
    headers: { 'Content-Type': 'text/csv' },
    body: '', // what the serializer gives
    bodySerializer: () => bytes,
  }
  switch (of) {
    case 'agents':
      return ask(api.POST('/api/v1/csv/agents', options))
    case 'phones':
      return ask(api.POST('/api/v1/csv/phones', options))
    case 'users':
      return ask(api.POST('/api/v1/csv/users', options))
    case 'teams':
      return ask(api.POST('/api/v1/csv/teams', options))
    case 'queues':
      return ask(api.POST('/api/v1/csv/queues', options))
    case 'entry-points':
      return ask(api.POST('/api/v1/csv/entry-points', options))
  }
}
