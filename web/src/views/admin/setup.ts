import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { api, ask } from '@/api/client'
import { Problem } from '@/api/problem'
import type { Engine } from '@/api/types'
import { usePreference } from '@/app/preference'
import { useMe } from '@/app/session'
import { useLive } from '@/live/store'
import type { Option } from '@/ui/Field'
import { newID } from './address'
import type { Source } from './form/fields'
import { kinds } from './kinds'
import type { KindID, Row } from './kinds/kind'
import type { Tenant } from './kinds/tenants'

/** How often lists of the set-up are asked for again, so that what others change is seen. Milliseconds. */
const again = 20_000

/** Which tenant's set-up is looked at. Administrators of one tenant have no choice; those of the whole site choose, and the browser remembers it. */
export interface Scope {
  tenant: string | undefined
  tenants: readonly Tenant[]
  /** Of the whole site. */
  isSite: boolean
  choose: (tenant: string) => void
}

export function useScope(): Scope {
  const me = useMe()
  const [chosen, choose] = usePreference('admin.tenant', '')
  const { data } = useQuery({ queryKey: ['admin', 'tenants', ''], queryFn: () => kinds.tenants.list(undefined), refetchInterval: again })
  const tenants = (data ?? []) as readonly Tenant[]
  const own = me.tenant || tenants.find((t) => t.id === chosen)?.id || tenants[0]?.id
  return { tenant: own, tenants, isSite: !me.tenant, choose }
}

/** What may be done, as the server said when one signed in. */
export function useMay(): (operation: string) => boolean {
  const { may } = useMe()
  return (operation) => may.includes(operation)
}

/** All rows of a kind that are looked at: those of the chosen tenant; of tenants and users of the whole site, and trunks, all. Of a kind with too many those that the server finds. */
export function useRows(kind: KindID, search = '') {
  const { tenant, isSite } = useScope()
  const may = useMay()
  const of = kind === 'tenants' || kind === 'trunks' || (kind === 'users' && isSite) ? undefined : tenant
  const wanted = kinds[kind].one ? search.trim() : ''
  return useQuery({
    queryKey: ['admin', kind, of ?? '', ...(wanted ? [wanted] : [])],
    queryFn: () => kinds[kind].list(of, wanted),
    // While the server searches, what was found before stays; of another tenant nothing does.
    placeholderData: (had, before) => (before?.queryKey[2] === (of ?? '') ? keepPreviousData(had) : undefined),
    // Whoever sets a phone or trunk up waits for it to be there.
    refetchInterval: kind === 'phones' || kind === 'trunks' ? 5_000 : again,
    enabled: kind === 'trunks' ? may('listTrunks') : kind === 'tenants' || kind === 'users' || of !== undefined,
  })
}

/** One row of a kind; null if it is not there, undefined as long as that is not known. */
export function useRow(kind: KindID, id: string): Row | null | undefined {
  const { one } = kinds[kind]
  const rows = useRows(kind)
  const own = useQuery({
    queryKey: ['admin', kind, 'one', id],
    queryFn: () =>
      one?.(id).catch((e: unknown) => {
        if (e instanceof Problem && e.status === 404) return null
        throw e
      }) ?? null,
    refetchInterval: again,
    enabled: one !== undefined && id !== newID,
  })
  if (one) return own.data
  return rows.data && (rows.data.find((r) => r.id === id) ?? null)
}

/** To be called after something of the set-up has changed: whatever is shown is asked for again. */
export function useChanged(): () => Promise<void> {
  const client = useQueryClient()
  return useCallback(() => client.invalidateQueries(), [client])
}

/** The switches: how they are, live, and for those who may see it what the list says besides. It is asked for every so many milliseconds, as the phones and trunks of the switches are not in the stream. */
export function useEngines(every = again): Engine[] | undefined {
  const may = useMay()
  const live = useLive((l) => l.engines)
  const { data } = useQuery({ queryKey: ['admin', 'engines'], queryFn: () => ask(api.GET('/api/v1/engines')), refetchInterval: every, enabled: may('listEngines') })
  if (!may('listEngines')) return [...live.values()]
  return data?.items.map((e) => ({ ...e, ...live.get(e.id) }))
}

export function useSkills() {
  const { tenant } = useScope()
  return useQuery({
    queryKey: ['admin', 'skills', tenant],
    queryFn: () => ask(api.GET('/api/v1/skills', { params: { query: { tenant } } })),
    enabled: tenant !== undefined,
  })
}

/** What can be chosen, with what people call it. */
export function useOptions(source: Source): Option[] {
  const rows = useRows(source === 'agents' || source === 'hours' || source === 'queues' || source === 'teams' ? source : 'teams')
  const engines = useLive((l) => l.engines)
  const skills = useSkills()
  if (source === 'engines') return [...engines.keys()].map((id) => ({ id, label: id }))
  if (source === 'skills') return [...new Set(skills.data?.items.map((s) => s.skill))].map((id) => ({ id, label: id }))
  return (rows.data ?? []).map((r) => ({ id: r.id, label: labelOf(r) }))
}

function labelOf(row: Row): string {
  return row.name || row.id
}
