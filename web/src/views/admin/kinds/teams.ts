import { UsersRound } from 'lucide-react'
import { api, ask, deed } from '@/api/client'
import type { components } from '@/api/schema'
import { seen, type Kind } from './kind'
import { TeamMembers } from './TeamMembers'

export type Team = components['schemas']['Team']
type Setup = components['schemas']['TeamSetup']

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
  list: async (tenant) => (await ask(api.GET('/api/v1/teams', { params: { query: { tenant } } }))).items,
  create: (body) => ask(api.POST('/api/v1/teams', { params: { header: deed() }, body: body as unknown as Setup })),
  replace: (row, body) => ask(api.PUT('/api/v1/teams/{id}', { params: { path: { id: row.id }, header: seen(row) }, body: body as unknown as Setup })),
  remove: (row) => ask(api.DELETE('/api/v1/teams/{id}', { params: { path: { id: row.id }, header: seen(row) } })),
  beside: TeamMembers,
}
