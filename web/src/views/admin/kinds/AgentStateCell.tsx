import { useLive } from '@/live/store'
import { StateBadge } from '@/ui/State'
import type { Agent } from './agents'

/** What an agent does at the moment. */
export function AgentStateCell({ row }: { row: Agent }) {
  const live = useLive((l) => l.agents.get(row.id))
  return <StateBadge state={live?.state ?? row.live?.state ?? 'offline'} reason={live?.reason} />
}
