import { Phone as Icon } from 'lucide-react'
import type { components } from '@/api/schema'
import type { Tone } from '@/ui/Tag'
import type { Kind } from './kind'
import { PhoneBeside } from './PhoneBeside'
import { requests } from './requests'

export type Phone = components['schemas']['Phone']

/** What a phone's state is called: `phones.<this>` in the catalogue. */
export function statusOf(p: Phone): 'noPassword' | 'registered' | 'away' | 'unknown' {
  if (!p.has_password) return 'noPassword'
  if (p.registered === undefined) return 'unknown'
  return p.registered ? 'registered' : 'away'
}

const tones: Record<ReturnType<typeof statusOf>, Tone> = { noPassword: 'warn', registered: 'good', away: 'bad', unknown: 'off' }

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
    { id: 'status', text: (p, t) => t(`phones.${statusOf(p)}`), tone: (p) => tones[statusOf(p)] },
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
        { name: 'encryption', as: 'choice', of: ['off', 'optional', 'required'], byDefault: 'off' },
        { name: 'codecs', as: 'words', wide: true },
      ],
    },
  ],
  blank: (tenant) => ({ tenant, name: '', user: '' }),
  ...requests<Phone>('/api/v1/phones'),
  beside: PhoneBeside,
}
