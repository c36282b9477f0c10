import { useTranslation } from 'react-i18next'
import { Card } from '@/ui/Card'
import { useMay, useRows } from '../setup'
import type { Agent } from './agents'
import type { Row } from './kind'
import { Links } from './Links'
import type { User } from './users'

/** Who is of a team, and who leads it. */
export function TeamMembers({ row }: { row: Row }) {
  const { t } = useTranslation('admin')
  const may = useMay()
  const agents = (useRows('agents').data ?? []) as unknown as Agent[]
  const users = (useRows('users').data ?? []) as unknown as User[]
  return (
    <Card title={t('teams.who')}>
      <Links title={t('teams.agents')} kind="agents" rows={agents.filter((a) => a.teams?.includes(row.id))} none={t('teams.noAgents')} />
      {may('listUsers') && <Links title={t('teams.leads')} kind="users" rows={users.filter((u) => u.tenant === row.tenant && u.teams?.includes(row.id))} none={t('teams.noLeads')} />}
    </Card>
  )
}
