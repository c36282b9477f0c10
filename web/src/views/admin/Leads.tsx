import { Contact, UserPlus } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import type { components } from '@/api/schema'
import type { CallRecord } from '@/api/types'
import { failureText } from '@/app/failure'
import { Page } from '@/app/Page'
import { useDates } from '@/i18n/dates'
import { classes } from '@/ui/classes'
import { notify } from '@/ui/notice'
import { cell, Table } from '@/ui/Table'
import { CallDetails } from '@/views/calls/CallDetails'
import { usePlaceName } from '@/views/desk/names'
import { newID } from './address'
import { LinkButton } from './LinkButton'
import { Searched, useSearched } from './Searched'
import { useMay } from './setup'
import css from './Views.module.css'

type Lead = components['schemas']['Lead']

/** Callers whom nobody knew (R2), newest first. One leads to the call that made it, and becomes a contact. */
export function Leads() {
  const { t } = useTranslation('admin')
  const may = useMay()
  const dates = useDates()
  const place = usePlaceName()
  const leads = useSearched<Lead>('leads', (query) => ask(api.GET('/api/v1/leads', { params: { query } })))
  const [opened, setOpened] = useState<CallRecord>()

  async function open(call: string) {
    try {
      setOpened(await ask(api.GET('/api/v1/call-records/{id}', { params: { path: { id: call } } })))
    } catch (e) {
      notify('bad', failureText(e))
    }
  }

  return (
    <Page title={t('leads.title')}>
      <p className={css.about}>{t('leads.about')}</p>
      <Searched of={leads} icon={UserPlus} texts={{ search: t('leads.search'), none: t('leads.none'), more: t('leads.more') }}>
        {(items) => (
          <Table
            label={t('leads.title')}
            heads={[
              { id: 'number', text: t('leads.number') },
              { id: 'name', text: t('leads.name'), wide: true },
              { id: 'source', text: t('leads.source'), wide: true },
              { id: 'since', text: t('leads.since') },
              { id: 'contact', text: t('leads.contact'), said: true, width: '4.75rem' },
            ]}
          >
            {items.map((l) => (
              <tr key={l.id}>
                <td className="digits">
                  {l.number}
                  {l.name !== undefined && <span className={classes(cell.narrow, cell.soft, css.text)}>{l.name}</span>}
                </td>
                <td className={classes(cell.wide, css.text)}>{l.name ?? <span className={cell.soft}>–</span>}</td>
                <td className={cell.wide}>{l.source === undefined ? '–' : place('entry_point', l.source)}</td>
                <td className={classes('digits', cell.soft)}>
                  {l.call !== undefined && may('getCallRecord') ? (
                    <button type="button" className={cell.link} onClick={() => void open(l.call ?? '')}>
                      {dates.moment(l.created_at)}
                    </button>
                  ) : (
                    dates.moment(l.created_at)
                  )}
                </td>
                <td className={cell.act}>
                  <Became lead={l} />
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Searched>
      {opened && <CallDetails record={opened} onClose={() => setOpened(undefined)} />}
    </Page>
  )
}

/** The contact whose number it is by now, or the way to become one. */
function Became({ lead }: { lead: Lead }) {
  const { t } = useTranslation('admin')
  const may = useMay()
  if (lead.contact !== undefined) {
    return <LinkButton to="/admin/$kind/$id" params={{ kind: 'contacts', id: lead.contact }} label={t('leads.known')} icon={<Contact size={18} aria-hidden />} />
  }
  if (!may('createContact')) return null
  return (
    <LinkButton
      to="/admin/$kind/$id"
      params={{ kind: 'contacts', id: newID }}
      search={{ with: { name: lead.name ?? '', numbers: [lead.number] } }}
      label={t('leads.note')}
      icon={<UserPlus size={18} aria-hidden />}
    />
  )
}
