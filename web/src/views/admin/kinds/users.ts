import { UserRound } from 'lucide-react'
import type { components } from '@/api/schema'
import type { Tone } from '@/ui/Tag'
import type { Kind } from './kind'
import { Password } from './Password'
import { requests } from './requests'

export type User = components['schemas']['User']
type Setup = components['schemas']['UserSetup']

const leads = (d: Record<string, unknown>) => d.role === 'supervisor'

/** Whether somebody can sign in: `users.<this>` in the catalogue. */
function statusOf(u: User): 'isDisabled' | 'isFine' | 'hasNoPassword' {
  return u.disabled ? 'isDisabled' : u.has_password ? 'isFine' : 'hasNoPassword'
}

const tones: Record<ReturnType<typeof statusOf>, Tone> = { isDisabled: 'off', hasNoPassword: 'warn', isFine: 'good' }

export const users: Kind<User> = {
  id: 'users',
  texts: 'users',
  object: 'user',
  icon: UserRound,
  operations: { create: 'createUser', replace: 'replaceUser', remove: 'deleteUser' },
  csv: 'users',
  title: (u) => u.display_name || u.name,
  columns: [
    { id: 'display_name', text: (u) => u.display_name || u.name },
    { id: 'name', text: (u) => u.name },
    { id: 'role', text: (u, t) => t(`users.role_${u.role}`) },
    { id: 'status', text: (u, t) => t(`users.${statusOf(u)}`), tone: (u) => tones[statusOf(u)] },
  ],
  sections: [
    {
      id: 'who',
      fields: [
        { name: 'display_name', as: 'text' },
        { name: 'name', as: 'text', isRequired: true },
        { name: 'id', as: 'id', onlyNew: true },
      ],
    },
    {
      id: 'may',
      fields: [
        { name: 'role', as: 'cards', of: ['agent', 'supervisor', 'admin', 'auditor'], byDefault: 'agent', wide: true },
        { name: 'agent', as: 'one', of: 'agents', none: false, when: (d) => d.role === 'agent', wide: true },
        { name: 'all_teams', as: 'flag', when: leads, wide: true },
        { name: 'teams', as: 'many', of: 'teams', when: (d) => leads(d) && !d.all_teams, wide: true },
        { name: 'disabled', as: 'flag', wide: true },
      ],
    },
  ],
  blank: (tenant) => ({ tenant, name: '', display_name: '', role: 'agent' }),
  ...requests<User>('/api/v1/users', of),
  beside: Password,
}

/** What belongs to another role is left out: the server would refuse what cannot be seen in the form. */
function of(body: Record<string, unknown>): Setup {
  const { agent, all_teams, teams, ...rest } = body
  return {
    ...rest,
    ...(body.role === 'agent' ? { agent } : {}),
    ...(leads(body) ? { all_teams, ...(all_teams ? {} : { teams }) } : {}),
  } as unknown as Setup
}
