import { Contact as Icon } from 'lucide-react'
import { api, ask, deed } from '@/api/client'
import type { components } from '@/api/schema'
import type { Draft } from '../form/draft'
import { numbersFrom } from '../form/numbers'
import { mostFound, seen, type Kind } from './kind'
import { Names } from './Names'

export type Contact = components['schemas']['Contact']
type Setup = components['schemas']['ContactSetup']

/** The server gives a contact its id, and never another tenant. */
function sent(draft: Draft): Setup {
  return Object.fromEntries(Object.entries(draft).filter(([name]) => name !== 'id')) as unknown as Setup
}

function Owner({ row: { owner } }: { row: Contact }) {
  return owner ? <Names kind="agents" ids={[owner]} /> : '–'
}

/** Known customers (R1). There may be very many. */
export const contacts: Kind<Contact> = {
  id: 'contacts',
  texts: 'contacts',
  object: 'contact',
  icon: Icon,
  operations: { create: 'createContact', replace: 'replaceContact', remove: 'deleteContact' },
  title: (c) => c.name,
  columns: [
    { id: 'name', text: (c) => c.name },
    { id: 'numbers', text: (c) => c.numbers.slice(0, 2).join(', ') + (c.numbers.length > 2 ? ` +${c.numbers.length - 2}` : '') },
    { id: 'company', text: (c) => c.company ?? '–' },
    { id: 'owner', text: (c) => c.owner ?? '', show: Owner },
  ],
  sections: [
    {
      id: 'what',
      fields: [
        { name: 'name', as: 'text', isRequired: true },
        { name: 'company', as: 'text' },
        { name: 'numbers', as: 'words', read: numbersFrom, wide: true },
        { name: 'owner', as: 'one', of: 'agents', none: true },
      ],
    },
  ],
  blank: (tenant) => ({ tenant, name: '', numbers: [] }),
  list: async (tenant, search = '') => (await ask(api.GET('/api/v1/contacts', { params: { query: { tenant, search, limit: mostFound + 1 } } }))).items,
  one: (id) => ask(api.GET('/api/v1/contacts/{id}', { params: { path: { id } } })),
  create: (draft) => ask(api.POST('/api/v1/contacts', { params: { header: deed() }, body: sent(draft) })),
  replace: (row, draft) => ask(api.PUT('/api/v1/contacts/{id}', { params: { path: { id: row.id }, header: seen(row) }, body: sent(draft) })),
  remove: (row) => ask(api.DELETE('/api/v1/contacts/{id}', { params: { path: { id: row.id }, header: seen(row) } })),
}
