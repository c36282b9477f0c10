import { UserPlus } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { Card } from '@/ui/Card'
import { Facts } from '@/ui/Facts'
import { newID } from '../address'
import { LinkButton } from '../LinkButton'
import { useMay, useRows } from '../setup'
import type { Agent } from './agents'
import css from './Beside.module.css'
import { Links } from './Links'
import { PhonePassword } from './PhonePassword'
import type { Phone } from './phones'

/** With what a phone registers, whose it is, and its password. */
export function PhoneBeside({ row }: { row: Phone }) {
  const { t } = useTranslation('admin')
  const may = useMay()
  const agents = useRows('agents').data as unknown as Agent[] | undefined
  const own = agents?.filter((a) => a.phone === row.user)
  return (
    <>
      <Card title={t('phones.beside')}>
        <div className={css.part}>
          <Facts of={[{ name: t('phones.user'), value: row.user }]} />
        </div>
        {own && (
          <div className={css.part}>
            <Links title={t('phones.agent')} kind="agents" rows={own} none={t('phones.noAgent')} />
            {own.length === 0 && may('createAgent') && (
              <div className={css.links}>
                <LinkButton
                  to="/admin/$kind/$id"
                  params={{ kind: 'agents', id: newID }}
                  search={{ with: { phone: row.user, tenant: row.tenant } }}
                  label={t('phones.makeAgent')}
                  icon={<UserPlus size={15} aria-hidden />}
                  text
                />
              </div>
            )}
          </div>
        )}
      </Card>
      <PhonePassword row={row} />
    </>
  )
}
