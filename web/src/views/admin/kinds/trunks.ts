import { Cable } from 'lucide-react'
import type { components } from '@/api/schema'
import type { Tone } from '@/ui/Tag'
import type { Kind } from './kind'
import { TrunkPassword } from './TrunkPassword'
import { requests } from './requests'

export type Trunk = components['schemas']['Trunk']

/** How a trunk is, of all switches that know it, the worst: `trunks.<this>` in the catalogue. */
export function statusOf(x: Trunk): 'up' | 'down' | 'unknown' {
  if (x.switches.length === 0) return 'unknown'
  return x.switches.every((s) => s.state === 'up') ? 'up' : 'down'
}

/** In which colour it is shown. */
export const tones: Record<ReturnType<typeof statusOf>, Tone> = { up: 'good', down: 'bad', unknown: 'off' }

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
    { id: 'status', text: (x, t) => t(`trunks.${statusOf(x)}`), tone: (x) => tones[statusOf(x)] },
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
  ...requests<Trunk>('/api/v1/trunks'),
  beside: TrunkPassword,
}
