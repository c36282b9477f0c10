import { Link, Outlet, useNavigate } from '@tanstack/react-router'
import { Download, Plus, SearchX, Upload } from 'lucide-react'
import { useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { failureText } from '@/app/failure'
import { useTitle } from '@/app/Page'
import { Missing } from '@/app/Missing'
import { Button } from '@/ui/Button'
import buttonCSS from '@/ui/Button.module.css'
import { Empty } from '@/ui/Card'
import { classes } from '@/ui/classes'
import { SearchField } from '@/ui/Field'
import { Table } from '@/ui/Table'
import { newID, useAddress } from './address'
import { ImportDialog } from './ImportDialog'
import { arranged, type Order } from './list'
import { useWords } from './form/texts'
import { kinds } from './kinds'
import { Cell } from './kinds/Cell'
import { mostFound, type Kind, type KindID, type Row } from './kinds/kind'
import { useMay, useRows, useScope } from './setup'
import css from './Items.module.css'
import adminCSS from './Admin.module.css'

/** A list of the set-up, with the item that is open beside it. */
export function Items() {
  const { kind = '', id } = useAddress()
  if (!(kind in kinds)) return <Missing />
  return <List key={kind} kind={kinds[kind as KindID]} open={id} />
}

function List({ kind, open }: { kind: Kind; open: string | undefined }) {
  const { t, i18n } = useTranslation('admin')
  const words = useWords(kind.texts)
  const may = useMay()
  const scope = useScope()
  const navigate = useNavigate()
  const [search, setSearch] = useState('')
  const rows = useRows(kind.id, search)
  const [order, setOrder] = useState<Order>({ column: kind.columns[0]?.id ?? 'name', isDown: false })
  const [all, setAll] = useState(false)
  const [importing, setImporting] = useState(false)
  const title = t(`${kind.texts}.title`)
  useTitle(title)
  // Of many the server has searched, and gives the newest.
  const isMany = kind.one !== undefined
  const found = arranged((isMany ? rows.data?.slice(0, mostFound) : rows.data) ?? [], kind.columns, isMany ? '' : search, order, t, i18n.language)
  const shown = all ? found : found.slice(0, mostFound)
  const isEmpty = rows.data?.length === 0 && !(isMany && search.trim())
  const mayCreate = may(kind.operations.create)
  const create = () => void navigate({ to: '/admin/$kind/$id', params: { kind: kind.id, id: newID } })

  /** Up and down go from row to row, and back into the search. */
  function walk(e: KeyboardEvent<HTMLElement>) {
    if (e.key !== 'ArrowDown' && e.key !== 'ArrowUp') return
    const links = [...e.currentTarget.querySelectorAll<HTMLElement>('[data-row]')]
    const at = links.findIndex((l) => l === document.activeElement)
    const next = at + (e.key === 'ArrowDown' ? 1 : -1)
    e.preventDefault()
    if (next < 0) e.currentTarget.querySelector('input')?.focus()
    else links[next]?.focus()
  }

  return (
    <div className={classes(css.around, open && css.split)}>
      {/* The arrow keys only help; every row can be reached without them. Taken before the search field has them, which lets nothing pass. */}
      <div className={css.list} onKeyDownCapture={walk}>
        <header className={css.head}>
          <h1>{title}</h1>
          <div className={css.deeds}>
            {kind.csv && may(`export${capital(kind.csv)}`) && (
              <a
                className={classes(buttonCSS.button, buttonCSS.quiet, buttonCSS.small, adminCSS.link)}
                href={`/api/v1/csv/${kind.csv}${scope.tenant ? `?tenant=${encodeURIComponent(scope.tenant)}` : ''}`}
                download={`${kind.csv}.csv`}
              >
                <Download size={16} aria-hidden />
                <span className={css.word}>{t('csv.export')}</span>
              </a>
            )}
            {kind.csv && may(`import${capital(kind.csv)}`) && (
              <Button small look="quiet" onPress={() => setImporting(true)}>
                <Upload size={16} aria-hidden />
                <span className={css.word}>{t('csv.import')}</span>
              </Button>
            )}
            {mayCreate && (
              <Button small look="primary" onPress={create}>
                <Plus size={16} aria-hidden />
                <span className={css.word}>{t(`${kind.texts}.new`)}</span>
              </Button>
            )}
          </div>
        </header>
        {rows.error && <p role="alert">{failureText(rows.error)}</p>}
        {rows.data && !isEmpty && <SearchField label={t('list.search')} value={search} onChange={setSearch} autoFocus={!open} />}
        {isEmpty && (
          <Empty icon={kind.icon} title={t(`${kind.texts}.none`)}>
            <p className={css.teach}>{t(`${kind.texts}.teach`)}</p>
            {mayCreate && !open && (
              <Button look="primary" onPress={create}>
                <Plus size={16} aria-hidden />
                {t(`${kind.texts}.new`)}
              </Button>
            )}
          </Empty>
        )}
        {rows.data && !isEmpty && found.length === 0 && <Empty icon={SearchX} title={t('list.notFound', { search })} />}
        {shown.length > 0 && (
          <div className={css.rows}>
            <Table
              label={title}
              heads={kind.columns.map((c) => ({
                id: c.id,
                text: words(c.id) ?? c.id,
                sort: {
                  order: order.column === c.id ? (order.isDown ? 'descending' : 'ascending') : 'none',
                  change: () => setOrder({ column: c.id, isDown: order.column === c.id && !order.isDown }),
                },
              }))}
            >
              {shown.map((r) => (
                <Line key={r.id} kind={kind} row={r} isOpen={r.id === open} />
              ))}
            </Table>
          </div>
        )}
        {found.length > shown.length && (
          <Button small onPress={() => setAll(true)}>
            {t('list.all', { count: found.length })}
          </Button>
        )}
        {isMany && rows.data && rows.data.length > mostFound && <p className={css.more}>{t('list.newest', { count: mostFound })}</p>}
        <p className="said" role="status">
          {rows.data && t('list.count', { count: found.length })}
        </p>
      </div>
      {open && (
        <div className={css.detail}>
          <Outlet />
        </div>
      )}
      {importing && kind.csv && <ImportDialog of={kind.csv} title={title} onClose={() => setImporting(false)} />}
    </div>
  )
}

function Line({ kind, row, isOpen }: { kind: Kind; row: Row; isOpen: boolean }) {
  const { t } = useTranslation('admin')
  const [first, ...rest] = kind.columns
  return (
    <tr data-open={isOpen || undefined}>
      <td>
        <Link to="/admin/$kind/$id" params={{ kind: kind.id, id: row.id }} className={css.open} data-row aria-current={isOpen ? 'true' : undefined}>
          {String(first?.text(row, t) ?? row.id)}
        </Link>
      </td>
      {rest.map((c) => (
        <td key={c.id}>
          <Cell column={c} row={row} />
        </td>
      ))}
    </tr>
  )
}

/** `entry-points` as the names of operations have it. */
function capital(kind: string): string {
  return kind
    .split('-')
    .map((w) => w.charAt(0).toUpperCase() + w.slice(1))
    .join('')
}
