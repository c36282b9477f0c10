import { Headset } from 'lucide-react'
import type { components } from '@/api/schema'
import { SkillLevels } from '../form/SkillLevels'
import { AgentBeside } from './AgentBeside'
import { AgentStateCell } from './AgentStateCell'
import type { Kind } from './kind'
import { Names } from './Names'
import { requests } from './requests'

export type Agent = components['schemas']['Agent']

export const agents: Kind<Agent> = {
  id: 'agents',
  texts: 'agents',
  object: 'agent',
  icon: Headset,
  operations: { create: 'createAgent', replace: 'replaceAgent', remove: 'deleteAgent' },
  csv: 'agents',
  title: (a) => a.name,
  columns: [
    { id: 'name', text: (a) => a.name },
    { id: 'phone', text: (a) => a.phone },
    { id: 'teams', text: (a) => a.teams?.join(', ') ?? '', show: ({ row }) => <Names kind="teams" ids={row.teams ?? []} /> },
    { id: 'skills', text: (a) => Object.keys(a.skills ?? {}).join(', ') },
    { id: 'state', text: (a) => a.live?.state ?? 'offline', show: AgentStateCell },
  ],
  sections: [
    {
      id: 'who',
      fields: [
        { name: 'name', as: 'text', isRequired: true },
        { name: 'id', as: 'id', onlyNew: true },
        { name: 'teams', as: 'many', of: 'teams', wide: true },
      ],
    },
    {
      id: 'phone',
      fields: [
        { name: 'phone', as: 'text', isRequired: true },
        { name: 'engine', as: 'one', of: 'engines', none: true },
        { name: 'auto_answer', as: 'flag', wide: true },
      ],
    },
    { id: 'skills', fields: [{ name: 'skills', as: 'own', edit: SkillLevels, wide: true }] },
  ],
  blank: (tenant) => ({ tenant, name: '', phone: '' }),
  ...requests<Agent>('/api/v1/agents'),
  beside: AgentBeside,
}
