import { useQuery } from '@tanstack/react-query'
import { ChevronDown, Coffee } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { api, ask, deed } from '@/api/client'
import type { AgentState, AgentView } from '@/api/types'
import { useLive } from '@/live/store'
import { Button } from '@/ui/Button'
import { Menu, MenuItem, MenuRule, MenuSection } from '@/ui/Menu'
import { StateBadge, StateMark } from '@/ui/State'
import { Since } from '@/ui/Timer'
import { attempt } from './failure'
import css from './AgentBar.module.css'

/** Asks the rules for another state; a notice says why if they refuse. */
export function setState(agent: string, state: 'available' | 'idle' | 'offline', reason?: string): Promise<boolean> {
  return attempt(
    ask(
      api.POST('/api/v1/agents/{id}/state', {
        params: { path: { id: agent }, header: deed() },
        body: { state, ...(reason ? { reason } : {}) },
      }),
    ),
  )
}

/** In which nobody signs out: a request has to be answered or declined first, a conversation and its wrap-up to be finished. Available and idle are taken note of meanwhile. */
const mustStay: ReadonlySet<AgentState> = new Set<AgentState>(['reserved', 'engaged', 'wrap_up'])

/** The words to choose from for idle, of the agent's tenant; without any set up, a few that everybody knows. */
export function useIdleReasons(tenant: string | undefined): string[] {
  const { data } = useQuery({ queryKey: ['reasons'], queryFn: () => ask(api.GET('/api/v1/reasons')), staleTime: 60_000 })
  const own = data?.tenants.find((t) => t.tenant === tenant)?.idle
  return own?.length ? own : ['break', 'lunch', 'training']
}

/** The state switch (Q1, Q2): how I am, for how long, and what I want to be. */
export function AgentBar({ agent: id }: { agent: string }) {
  const agent = useLive((l) => l.agents.get(id))
  if (!agent) return null
  return <Switch agent={agent} />
}

function Switch({ agent }: { agent: AgentView }) {
  const { t } = useTranslation()
  const reasons = useIdleReasons(agent.tenant)
  const live = useLive((l) => l.link === 'live')
  return (
    <div className={css.bar}>
      <Menu
        label={t('agent.switch')}
        onAction={(key) => {
          const k = String(key)
          if (k === 'available' || k === 'offline') void setState(agent.id, k)
          else if (k.startsWith('idle:')) void setState(agent.id, 'idle', k.slice(5))
        }}
        button={
          <Button isDisabled={!live} data-testid="state-switch">
            <span className={css.switch}>
              <span className="said">{t('agent.switch')}: </span>
              <StateBadge state={agent.state} reason={agent.reason} />
              <Since at={agent.since} className={css.timer ?? ''} />
              <ChevronDown size={16} aria-hidden />
            </span>
          </Button>
        }
      >
        <MenuItem id="available" text={t('state.available')} icon={<StateMark state="available" />} />
        <MenuSection title={t('state.idle')}>
          {reasons.map((r) => (
            <MenuItem key={r} id={`idle:${r}`} text={t(`idleReason.${r}`, { defaultValue: r })} icon={<Coffee size={16} aria-hidden />} />
          ))}
        </MenuSection>
        <MenuRule />
        <MenuItem id="offline" text={t('state.offline')} icon={<StateMark state="offline" />} isDisabled={mustStay.has(agent.state)} />
      </Menu>
      {agent.next_state && (
        <span className={css.next} role="status">
          {t('agent.next', {
            state:
              agent.next_state === 'idle' && agent.next_reason
                ? t(`idleReason.${agent.next_reason}`, { defaultValue: agent.next_reason })
                : t(`state.${agent.next_state}`, { defaultValue: agent.next_state }),
          })}
        </span>
      )}
    </div>
  )
}
