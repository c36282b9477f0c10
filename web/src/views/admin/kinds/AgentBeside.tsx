import { UserPlus } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Card } from '@/ui/Card'
import { newID } from '../address'
import { LinkButton } from '../LinkButton'
import { useMay, useRows } from '../setup'
import type { Agent } from './agents'
import css from './Beside.module.css'
import { Links } from './Links'
import type { Queue } from './queues'
import type { User } from './users'

/** Which queues an agent serves, and as whom they sign in. */
export function AgentBeside({ row }: { row: Agent }) {
  const { t } = useTranslation('admin')
  const may = useMay()
  const queues = (useRows('queues').data ?? []) as unknown as Queue[]
  const users = useRows('users').data as unknown as User[] | undefined
  const own = users?.filter((u) => u.agent === row.id)
  return (
    <Card title={t('agents.beside')}>
      <Links title={t('agents.inQueues')} kind="queues" rows={queues.filter((q) => q.members.some((m) => m.agent === row.id))} none={t('agents.noQueues')} />
      {may('listUsers') && own && (
        <>
          <Links title={t('agents.signIn')} kind="users" rows={own} none={t('agents.noSignIn')} />
          {own.length === 0 && may('createUser') && (
            <div className={css.links}>
              <LinkButton
                to="/admin/$kind/$id"
                params={{ kind: 'users', id: newID }}
                search={{ with: { role: 'agent', agent: row.id, tenant: row.tenant, display_name: row.name, name: row.id } }}
                label={t('agents.makeSignIn')}
                icon={<UserPlus size={15} aria-hidden />}
                text
              />
            </div>
          )}
        </>
      )}
    </Card>
  )
}
