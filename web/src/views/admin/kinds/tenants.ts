import { Building2 } from 'lucide-react'
import { api, ask } from '@/api/client'
import type { components } from '@/api/schema'
import { zones } from '../form/zones'
import type { Section } from '../form/fields'
import { seen, type Kind } from './kind'
import { requests } from './requests'

export type Tenant = components['schemas']['Tenant']
type Settings = components['schemas']['TenantSettings']

/** What a tenant's own administrators write. */
export const settings: readonly Section<Tenant>[] = [
  { id: 'idle', fields: [{ name: 'idle_reasons', as: 'words', wide: true }] },
  {
    id: 'figures',
    fields: [
      { name: 'zone', as: 'choice', of: ['', ...zones()] },
      { name: 'short_abandon', as: 'seconds' },
      { name: 'service_level', as: 'cards', of: ['abandon_ignored', 'answered_only', 'abandon_positive', 'abandon_negative'], byDefault: 'abandon_ignored', wide: true },
    ],
  },
  {
    id: 'callers',
    fields: [
      { name: 'region', as: 'text', placeholder: 'DE' },
      { name: 'leads', as: 'choice', of: ['inbound', 'off'], byDefault: 'inbound' },
      { name: 'mask_numbers', as: 'flag', wide: true },
      { name: 'disconnected', as: 'words', wide: true },
    ],
  },
]

export const tenants: Kind<Tenant> = {
  id: 'tenants',
  texts: 'tenants',
  object: 'tenant',
  icon: Building2,
  operations: { create: 'createTenant', replace: 'replaceTenant', remove: 'deleteTenant' },
  title: (t) => t.name,
  columns: [
    { id: 'name', text: (t) => t.name },
    { id: 'id', text: (t) => t.id },
    { id: 'max_calls', text: (t) => t.max_calls ?? '' },
    { id: 'dialling.trunk', text: (t) => t.dialling?.trunk ?? '' },
  ],
  sections: [
    {
      id: 'what',
      fields: [
        { name: 'name', as: 'text', isRequired: true },
        { name: 'id', as: 'id', onlyNew: true },
        { name: 'max_calls', as: 'number' },
      ],
    },
    ...settings,
    {
      id: 'out',
      fields: [
        { name: 'dialling.trunk', as: 'text' },
        { name: 'dialling.home', as: 'text', mode: 'tel', placeholder: '+49' },
        { name: 'dialling.shown', as: 'text', mode: 'tel' },
        { name: 'dialling.allow', as: 'words', wide: true },
        { name: 'dialling.refuse', as: 'words', wide: true },
      ],
    },
  ],
  blank: () => ({ name: '' }),
  ...requests<Tenant>('/api/v1/tenants'),
}

/** A tenant as its own administrators have it: its settings, and nothing that is the site's to decide. */
export const ownTenant: Kind<Tenant> = {
  ...tenants,
  operations: { create: '', replace: 'setTenantSettings', remove: '' },
  sections: settings,
  replace: (row, body) => {
    const { idle_reasons, zone, short_abandon, service_level, region, leads, mask_numbers, disconnected } = body as Settings
    return ask(
      api.PUT('/api/v1/tenants/{id}/settings', {
        params: { path: { id: row.id }, header: seen(row) },
        body: { idle_reasons, zone, short_abandon, service_level, region, leads, mask_numbers, disconnected },
      }),
    )
  },
}
