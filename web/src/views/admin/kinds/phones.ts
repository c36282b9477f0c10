import { Phone as Icon } from 'lucide-react'
import { api, ask, deed } from '@/api/client'
import type { components } from '@/api/schema'
import { seen, type Kind } from './kind'
import { PhonePassword } from './PhonePassword'
import { PhoneStatus } from './PhoneStatus'

export type Phone = components['schemas']['Phone']
type Setup = components['schemas']['PhoneSetup']

/** What a phone's state is called: `phones.<this>` in the catalogue. */
export function statusOf(p: Phone): 'noPassword' | 'registered' | 'away' | 'unknown' {
  if (!p.has_password) return 'noPassword'
  if (p.registered === undefined) return 'unknown'
  return p.registered ? 'registered' : 'away'
}

export const phones: Kind<Phone> = {
  id: 'phones',
  texts: 'phones',
  object: 'phone',
  icon: Icon,
  operations: { create: 'createPhone', replace: 'replacePhone', remove: 'deletePhone' },
  csv: 'phones',
  title: (p) => p.name,
  columns: [
    { id: 'name', text: (p) => p.name },
    { id: 'user', text: (p) => p.user },
    { id: 'status', text: (p, t) => t(`phones.${statusOf(p)}`), show: PhoneStatus },
    { id: 'engine', text: (p) => p.engine ?? '' },
  ],
  sections: [
    {
      id: 'what',
      fields: [
        { name: 'name', as: 'text', isRequired: true },
        { name: 'id', as: 'id', onlyNew: true },
        { name: 'user', as: 'text', isRequired: true, onlyNew: true, placeholder: '2001' },
        { name: 'engine', as: 'one', of: 'engines', none: true },
        { name: 'transport', as: 'choice', of: ['any', 'tls'], byDefault: 'any' },
        { name: 'encryption', as: 'choice', of: ['off', 'optional', 'required'], byDefault: 'optional' },
        { name: 'codecs', as: 'words', wide: true },
      ],
    },
  ],
  blank: (tenant) => ({ tenant, name: '', user: '' }),
  list: async (tenant) => (await ask(api.GET('/api/v1/phones', { params: { query: { tenant } } }))).items,
  create: (body) => ask(api.POST('/api/v1/phones', { params: { header: deed() }, body: body as unknown as Setup })),
  replace: (row, body) => ask(api.PUT('/api/v1/phones/{id}', { params: { path: { id: row.id }, header: seen(row) }, body: body as unknown as Setup })),
  remove: (row) => ask(api.DELETE('/api/v1/phones/{id}', { params: { path: { id: row.id }, header: seen(row) } })),
  beside: PhonePassword,
}
