import { Link, Outlet, useLocation } from '@tanstack/react-router'
import { Coffee, Gauge, GraduationCap, PhoneOff, ScrollText, Server, SlidersHorizontal, UserPlus, type LucideIcon } from 'lucide-react'
import { Suspense, useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { onlyCustomers } from '@/app/nav'
import { useMe } from '@/app/session'
import { Select } from '@/ui/Field'
import { kinds } from './kinds'
import type { KindID } from './kinds/kind'
import { useMay, useScope } from './setup'
import css from './Admin.module.css'

interface Part {
  /** In the address; of a kind that has rows its id. */
  to: { kind: KindID } | '/admin' | '/admin/skills' | '/admin/reasons' | '/admin/settings' | '/admin/switches' | '/admin/audit' | '/admin/exclusions' | '/admin/leads'
  label: 'overview' | 'queues' | 'entryPoints' | 'hours' | 'agents' | 'phones' | 'trunks' | 'teams' | 'users' | 'tenants' | 'skills' | 'reasons' | 'settings' | 'switches' | 'audit' | 'contacts' | 'exclusions' | 'leads'
  icon: LucideIcon
  /** The operation without which there is nothing to be seen. */
  needs: string
  /** Only for those of the whole site. */
  site?: boolean
}

const groups: { label: 'start' | 'routing' | 'people' | 'customers' | 'system'; parts: Part[] }[] = [
  { label: 'start', parts: [{ to: '/admin', label: 'overview', icon: Gauge, needs: 'listQueues' }] },
  {
    label: 'routing',
    parts: [
      { to: { kind: 'queues' }, label: 'queues', icon: kinds.queues.icon, needs: 'listQueues' },
      { to: { kind: 'entry-points' }, label: 'entryPoints', icon: kinds['entry-points'].icon, needs: 'listEntryPoints' },
      { to: { kind: 'hours' }, label: 'hours', icon: kinds.hours.icon, needs: 'listHours' },
      { to: '/admin/skills', label: 'skills', icon: GraduationCap, needs: 'listSkills' },
      { to: '/admin/reasons', label: 'reasons', icon: Coffee, needs: 'listReasons' },
    ],
  },
  {
    label: 'people',
    parts: [
      { to: { kind: 'agents' }, label: 'agents', icon: kinds.agents.icon, needs: 'listAgents' },
      { to: { kind: 'phones' }, label: 'phones', icon: kinds.phones.icon, needs: 'listPhones' },
      { to: { kind: 'teams' }, label: 'teams', icon: kinds.teams.icon, needs: 'listTeams' },
      { to: { kind: 'users' }, label: 'users', icon: kinds.users.icon, needs: 'listUsers' },
    ],
  },
  {
    label: 'customers',
    parts: [
      { to: '/admin/leads', label: 'leads', icon: UserPlus, needs: 'listLeads' },
      { to: { kind: 'contacts' }, label: 'contacts', icon: kinds.contacts.icon, needs: 'listContacts' },
      { to: '/admin/exclusions', label: 'exclusions', icon: PhoneOff, needs: 'listExclusions' },
    ],
  },
  {
    label: 'system',
    parts: [
      { to: '/admin/settings', label: 'settings', icon: SlidersHorizontal, needs: 'getTenant' },
      { to: { kind: 'tenants' }, label: 'tenants', icon: kinds.tenants.icon, needs: 'listTenants', site: true },
      { to: { kind: 'trunks' }, label: 'trunks', icon: kinds.trunks.icon, needs: 'listTrunks' },
      { to: '/admin/switches', label: 'switches', icon: Server, needs: 'listEngines' },
      { to: '/admin/audit', label: 'audit', icon: ScrollText, needs: 'listAudit' },
    ],
  },
]

/** The set-up: what there is on the left, one part of it beside. */
export function Admin() {
  const { t } = useTranslation('admin')
  const may = useMay()
  const scope = useScope()
  const isForCustomers = onlyCustomers(useMe())
  const shown = groups.filter((g) => g.label === 'customers' || !isForCustomers)
  const nav = useRef<HTMLElement>(null)
  const path = useLocation({ select: (l) => l.pathname })
  // Where the parts are in one line, the one that is open is in sight, also after the window got another width.
  useEffect(() => {
    const of = nav.current
    if (!of) return
    const observer = new ResizeObserver(() => {
      if (of.scrollWidth > of.clientWidth) of.querySelector('[data-status=active]')?.scrollIntoView({ inline: 'center', block: 'nearest' })
    })
    observer.observe(of) // tells of the first width, too
    return () => observer.disconnect()
  }, [path])
  return (
    <div className={css.admin}>
      <nav ref={nav} className={css.nav} aria-label={t(isForCustomers ? 'nav.customers' : 'nav.label')}>
        {scope.isSite && scope.tenants.length > 1 && scope.tenant && (
          <Select label={t('nav.tenant')} options={scope.tenants.map((x) => ({ id: x.id, label: x.name }))} value={scope.tenant} onChange={scope.choose} />
        )}
        {shown.map((g) => (
          <div key={g.label} className={css.group}>
            {g.label !== 'start' && <p className={css.title}>{t(`nav.${g.label}`)}</p>}
            {g.parts
              .filter((p) => may(p.needs) && (!p.site || scope.isSite))
              .map((p) => {
                const look = {
                  className: css.way,
                  children: (
                    <>
                      <p.icon size={17} strokeWidth={1.8} aria-hidden />
                      {t(`${p.label}.title`)}
                    </>
                  ),
                }
                if (typeof p.to === 'object') return <Link key={p.label} to="/admin/$kind" params={p.to} {...look} />
                return <Link key={p.label} to={p.to} activeOptions={{ exact: p.to === '/admin' }} {...look} />
              })}
          </div>
        ))}
      </nav>
      <div className={css.part}>
        <Suspense fallback={null}>
          <Outlet />
        </Suspense>
      </div>
    </div>
  )
}
