import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Call, Consult, Participant, Target } from '@/api/types'
import { usePreference } from '@/app/preference'
import { useLive } from '@/live/store'
import { lookUp } from './directory'

/** Names the parties of calls; changes only when a name does. */
export function useAgentName(): (id: string) => string {
  const agents = useLive((l) => l.agents)
  const directory = useLive((l) => l.directory)
  return (id) => agents.get(id)?.name ?? directory.get(id)?.name ?? id
}

/** The name of a queue or an entry point. Agents do not see all of them live, but whom a call can be sent to they may always ask. */
export function usePlaceName(): (kind: 'queue' | 'entry_point', id: string) => string {
  const { data } = useQuery({ queryKey: ['directory', 'places'], queryFn: () => lookUp(['queue', 'entry_point']), staleTime: 60_000 })
  const names = useMemo(() => new Map(data?.map((i) => [`${i.kind}/${i.id}`, i.name])), [data])
  return (kind, id) => names.get(`${kind}/${id}`) ?? id
}

/** What people call the customer of a call. */
export function useCustomer(): (call: Pick<Call, 'from' | 'name'>) => { title: string; detail: string | undefined } {
  const { t } = useTranslation('desk')
  return (call) => {
    const number = call.from || t('withheld')
    return call.name ? { title: call.name, detail: number } : { title: number, detail: undefined }
  }
}

/** Who the customer of a call was, as this browser has last seen it. */
export function useWho(call: string): [string, (who: string) => void] {
  return usePreference(`who.${call}`, '')
}

export function useTargetName(): (to: Target) => string {
  const agent = useAgentName()
  const place = usePlaceName()
  return (to) => {
    if (to.agent) return agent(to.agent)
    if (to.queue) return place('queue', to.queue)
    if (to.entry_point) return place('entry_point', to.entry_point)
    return to.number ?? ''
  }
}

/** Who is consulted: who has answered, or else who was asked. */
export function useConsultName(): (c: Consult) => string {
  const agent = useAgentName()
  const target = useTargetName()
  return (c) => (c.agent ? agent(c.agent) : target(c.to))
}

export function useParticipantName(): (call: Call, p: Participant) => string {
  const agent = useAgentName()
  const customer = useCustomer()
  return (call, p) => {
    if (p.agent) return agent(p.agent)
    if (p.role === 'customer') return customer(call).title
    return p.number ?? p.leg
  }
}
