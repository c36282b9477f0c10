import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api, ask } from '@/api/client'
import type { AgentFigures, Queue, QueueFigures } from '@/api/types'
import { useMe } from '@/app/session'
import type { Figures } from './queues'

/** Figures are computed once a second for everybody and are not pushed; milliseconds. */
const fresh = 3000

/** How the queues stand, by id; undefined until it is known. */
export function useQueueFigures(): { all: QueueFigures | undefined; of: ReadonlyMap<string, Figures> | undefined } {
  const { data } = useQuery({ queryKey: ['figures', 'queues'], queryFn: () => ask(api.GET('/api/v1/figures/queues')), refetchInterval: fresh, staleTime: fresh })
  const queues = data?.queues
  const of = useMemo(() => queues && new Map(queues.map((q) => [q.queue, q])), [queues])
  return { all: data, of }
}

export type AgentFigure = AgentFigures['agents'][number]

/** What the agents have done, by id. */
export function useAgentFigures(): ReadonlyMap<string, AgentFigure> | undefined {
  const { data } = useQuery({
    queryKey: ['figures', 'agents'],
    queryFn: () => ask(api.GET('/api/v1/figures/agents')),
    // Nobody reads averages of a day by the second, and every answer draws every row again.
    refetchInterval: 5 * fresh,
    staleTime: fresh,
  })
  const agents = data?.agents
  return useMemo(() => agents && new Map(agents.map((a) => [a.agent, a])), [agents])
}

/** The queues as they are set up, with who belongs to them; undefined until it is known. */
export function useQueueSetup(): ReadonlyMap<string, Queue> | undefined {
  const may = useMe().may.includes('listQueues')
  const { data } = useQuery({ queryKey: ['queues'], queryFn: () => ask(api.GET('/api/v1/queues')), staleTime: 60_000, enabled: may })
  const items = data?.items
  return useMemo(() => items && new Map(items.map((q) => [q.id, q])), [items])
}
