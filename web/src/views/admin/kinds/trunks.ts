import { Cable } from 'lucide-react'
import { api, ask, deed } from '@/api/client'
import type { components } from '@/api/schema'
import { seen, type Kind } from './kind'
import { TrunkPassword } from './TrunkPassword'
import { TrunkStatus } from './TrunkStatus'

export type Trunk = components['schemas']['Trunk']
type Setup = components['schemas']['TrunkSetup']

/** How a trunk is, of all switches that know it, the worst: `trunks.<this>` in the catalogue. */
export function statusOf(x: Trunk): 'up' | 'down' | 'unknown' {
  if (x.switches.length === 0) return 'unknown'
  return x.switches.every((s) => s.state === 'up') ? 'up' : 'down'
}

export const trunks: Kind<Trunk> = {
  id: 'trunks',
  texts: 'trunks',
  object: 'trunk',
  icon: Cable,
  operations: { create: 'createTrunk', replace: 'replaceTrunk', remove: 'deleteTrunk' },
  title: (x) => x.name,
  columns: [
    { id: 'name', text: (x) => x.name },
    { id: 'host', text: (x) => x.host },
    { id: 'status', text: (x, t) => t(`trunks.${statusOf(x)}`), show: TrunkStatus },
    { id: 'engine', text: (x) => x.engine ?? '' },
  ],
  sections: [
    {
      id: 'what',
      fields: [
        { name: 'name', as: 'text', isRequired: true },
        { name: 'id', as: 'id', onlyNew: true },
        { name: 'engine', as: 'one', of: 'engines', none: true },
      ],
    },
    {
      id: 'carrier',
      fields: [
        { name: 'host', as: 'text', isRequired: true, placeholder: 'sip.example.net' },
        { name: 'port', as: 'number' },
        { name: 'transport', as: 'choice', of: ['udp', 'tls'], byDefault: 'udp' },
        { name: 'encryption', as: 'choice', of: ['off', 'optional', 'required'], byDefault: 'off' },
        { name: 'from', as: 'words', wide: true },
        { name: 'user', as: 'text' },
        { name: 'register', as: 'flag', wide: true },
        { name: 'codecs', as: 'words', wide: true },
      ],
    },
  ],
  blank: () => ({ name: '', host: '' }),
  list: async () => (await ask(api.GET('/api/v1/trunks'))).items,
  create: (body) => ask(api.POST('/api/v1/trunks', { params: { header: deed() }, body: body as unknown as Setup })),
  replace: (row, body) => ask(api.PUT('/api/v1/trunks/{id}', { params: { path: { id: row.id }, header: seen(row) }, body: body as unknown as Setup })),
  remove: (row) => ask(api.DELETE('/api/v1/trunks/{id}', { params: { path: { id: row.id }, header: seen(row) } })),
  beside: TrunkPassword,
}
