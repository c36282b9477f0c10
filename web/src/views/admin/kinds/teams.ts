import { UsersRound } from 'lucide-react'
import type { components } from '@/api/schema'
import type { Kind } from './kind'
import { TeamMembers } from './TeamMembers'
import { requests } from './requests'

export type Team = components['schemas']['Team']

export const teams: Kind<Team> = {
  id: 'teams',
  texts: 'teams',
  object: 'team',
  icon: UsersRound,
  operations: { create: 'createTeam', replace: 'replaceTeam', remove: 'deleteTeam' },
  csv: 'teams',
  title: (t) => t.name,
  columns: [
    { id: 'name', text: (t) => t.name },
    { id: 'id', text: (t) => t.id },
  ],
  sections: [
    {
      id: 'what',
      fields: [
        { name: 'name', as: 'text', isRequired: true },
        { name: 'id', as: 'id', onlyNew: true },
      ],
    },
  ],
  blank: (tenant) => ({ tenant, name: '' }),
  ...requests<Team>('/api/v1/teams'),
  beside: TeamMembers,
}
