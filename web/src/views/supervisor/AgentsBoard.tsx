import { PhoneMissed, UserRoundCog, UsersRound } from 'lucide-react'
import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { memo, useCallback, useDeferredValue, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, ask } from '@/api/client'
import type { AgentState, AgentView } from '@/api/types'
import { usePreference } from '@/app/preference'
import { useMe } from '@/app/session'
import { clock } from '@/live/clock'
import type { Live } from '@/live/state'
import { sameItems, useLive } from '@/live/store'
import { Card, Empty } from '@/ui/Card'
import { classes } from '@/ui/classes'
import { SearchField, Select } from '@/ui/Field'
import { Rows } from '@/ui/Rows'
import { cell, Table } from '@/ui/Table'
import { StateBadge, StateMark } from '@/ui/State'
import { Since } from '@/ui/Timer'
import { useCustomer } from '@/views/desk/names'
import { counted, listed, type Order } from './agents'
import { Board } from './Board'
import { CallDrawer } from './CallDrawer'
import { usePercent } from './format'
import { StateDialog } from './StateDialog'
import { useAgentFigures, type AgentFigure } from './useFigures'
import board from './Board.module.css'
import css from './AgentsBoard.module.css'

const orders: readonly Order[] = ['state', 'name', 'time']
const orderTexts = { state: 'agents.byState', name: 'agents.byName', time: 'agents.byTime' } as const

/** Stands for all teams: no id has a star. */
const every = '*'

/** Every agent with state, time and call; found by name, team or state, and put into another state (Q1, S2). */
export function AgentsBoard() {
  const { t } = useTranslation('supervisor')
  const me = useMe()
  const { find = '' } = useSearch({ from: '/inside/supervisor/agents' })
  const [text, setText] = useState(find)
  const [team, setTeam] = useState(every)
  const [state, setState] = useState<AgentState>()
  const [kept, setOrder] = usePreference('supervisor.order', 'state')
  const order = orders.find((o) => o === kept) ?? 'state'
  const wanted = useDeferredValue(text)
  const [opened, setOpened] = useState<string>()
  const [forced, setForced] = useState<string>()
  const agents = useLive(
    useCallback((l: Live) => listed(l.agents.values(), { text: wanted, team: team === every ? undefined : team, state }, order), [wanted, team, state, order]),
    sameItems,
  )
  const all = useLive((l) => l.agents)
  const teams = useTeams(all)
  const figures = useAgentFigures()
  const mayForce = me.may.includes('setAgentState')

  return (
    <Board title={t('agents.title')}>
      <States all={all} state={state} setState={setState} />
      <Card
        title={t('agents.title')}
        aside={
          <div className={board.filters}>
            <SearchField label={t('agents.search')} value={text} onChange={setText} />
            {teams.length > 0 && <Select label={t('agents.team')} bare value={team} onChange={setTeam} options={[{ id: every, label: t('agents.everyTeam') }, ...teams]} />}
            <Select label={t('agents.order')} bare value={order} onChange={setOrder} options={orders.map((id) => ({ id, label: t(orderTexts[id]) }))} />
          </div>
        }
      >
        <p className={css.shown} role="status">
          {t('agents.shown', { shown: agents.length, all: all.size })}
        </p>
        {agents.length === 0 ? (
          <Empty icon={UsersRound} title={all.size === 0 ? t('agents.none') : t('agents.noneSo')} />
        ) : (
          <Table
            look="inCard"
            label={t('agents.title')}
            rows={agents.length}
            heads={[
              { id: 'name', text: t('agents.name') },
              { id: 'state', text: t('agents.state'), wide: true, width: '18%' },
              { id: 'since', text: t('agents.since'), number: true, width: '5.5rem' },
              { id: 'call', text: t('agents.call'), wide: true, width: '18%' },
              { id: 'answered', text: t('agents.answered'), number: true, wide: true, width: '9%' },
              { id: 'aht', text: t('agents.aht'), number: true, wide: true, width: '11%' },
              { id: 'occupancy', text: t('agents.occupancy'), number: true, wide: true, width: '9%' },
              ...(mayForce ? [{ id: 'change', text: t('agents.change'), said: true, width: '4.75rem' }] : []),
            ]}
          >
            <Rows items={agents} idOf={idOf} mark="agent">
              {(a) => <AgentCells agent={a} today={figures?.get(a.id)?.today} open={setOpened} force={mayForce ? setForced : undefined} />}
            </Rows>
          </Table>
        )}
      </Card>
      {opened !== undefined && <CallDrawer key={opened} id={opened} onClose={() => setOpened(undefined)} />}
      {forced !== undefined && <StateDialog id={forced} onClose={() => setForced(undefined)} />}
    </Board>
  )
}

/** Teams that agents belong to, by name where names may be known. */
function useTeams(agents: ReadonlyMap<string, AgentView>): { id: string; label: string }[] {
  const may = useMe().may.includes('listTeams')
  const { data } = useQuery({ queryKey: ['teams'], queryFn: () => ask(api.GET('/api/v1/teams')), staleTime: 60_000, enabled: may })
  const names = new Map(data?.items.map((team) => [team.id, team.name]))
  const ids = new Set([...agents.values()].flatMap((a) => a.teams ?? []))
  return [...ids].map((id) => ({ id, label: names.get(id) ?? id })).sort((a, b) => a.label.localeCompare(b.label))
}

/** How many agents are in each state; pressed, only those are shown. */
function States({ all, state, setState }: { all: ReadonlyMap<string, AgentView>; state: AgentState | undefined; setState: (state: AgentState | undefined) => void }) {
  const { t } = useTranslation('supervisor')
  const common = useTranslation().t
  return (
    <div className={css.states} role="group" aria-label={t('agents.states')}>
      <button type="button" className={css.one} aria-pressed={state === undefined} onClick={() => setState(undefined)}>
        <UsersRound size={16} aria-hidden />
        {t('agents.everyState')}
        <strong className="digits">{all.size}</strong>
      </button>
      {counted(all.values()).map((c) => (
        <button key={c.state} type="button" className={css.one} aria-pressed={state === c.state} onClick={() => setState(state === c.state ? undefined : c.state)}>
          <StateMark state={c.state} />
          {common(`state.${c.state}`)}
          <strong className="digits">{c.count}</strong>
        </button>
      ))}
    </div>
  )
}

interface RowProps {
  agent: AgentView
  today: AgentFigure['today'] | undefined
  open: (call: string) => void
  force: ((agent: string) => void) | undefined
}

const idOf = (a: AgentView) => a.id

const AgentCells = memo(
  function AgentCells({ agent, today, open, force }: RowProps) {
    const { t } = useTranslation('supervisor')
    const percent = usePercent()
    const none = t('none')
    return (
      <>
        <td>
          <span className={css.name}>
            {agent.name}
            {agent.phone_down && (
              <span className={css.down} title={t('agents.phoneDown')}>
                <PhoneMissed size={15} aria-hidden />
                <span className="said">{t('agents.phoneDown')}</span>
              </span>
            )}
          </span>
          <span className={classes(cell.under, 'digits')}>{agent.phone}</span>
          <span className={cell.narrow}>
            <State agent={agent} />
          </span>
        </td>
        <td className={cell.wide}>
          <State agent={agent} />
        </td>
        <td className={classes(cell.number, css.since)}>
          <Since at={agent.since} />
        </td>
        <td className={cell.wide}>{agent.call ? <InCall id={agent.call} open={open} /> : <span className={cell.soft}>{none}</span>}</td>
        <td className={classes(cell.number, cell.wide, 'digits')}>{today?.answered ?? none}</td>
        <td className={classes(cell.number, cell.wide, 'digits')}>{today?.aht === undefined ? none : clock(today.aht)}</td>
        <td className={classes(cell.number, cell.wide, 'digits')}>{today?.occupancy === undefined ? none : percent(today.occupancy)}</td>
        {force && (
          <td className={cell.act}>
            <button type="button" className={css.force} aria-label={t('agents.changeOf', { agent: agent.name })} title={t('agents.change')} onClick={() => force(agent.id)}>
              <UserRoundCog size={18} aria-hidden />
            </button>
          </td>
        )}
      </>
    )
  },
  (a, b) => a.agent === b.agent && a.open === b.open && a.force === b.force && sameFigures(a.today, b.today),
)

/** Only what is shown counts: seconds in states grow all the time. */
function sameFigures(a: RowProps['today'], b: RowProps['today']): boolean {
  return a?.answered === b?.answered && a?.aht === b?.aht && Math.round((a?.occupancy ?? -1) * 100) === Math.round((b?.occupancy ?? -1) * 100)
}

function State({ agent }: { agent: AgentView }) {
  const { t } = useTranslation('supervisor')
  const common = useTranslation().t
  return (
    <>
      <StateBadge state={agent.state} reason={agent.reason} />
      {agent.next_state && <span className={cell.under}>{t('agents.next', { state: common(`state.${agent.next_state}` as 'state.idle', { defaultValue: agent.next_state }) })}</span>}
    </>
  )
}

function InCall({ id, open }: { id: string; open: (call: string) => void }) {
  const call = useLive((l) => l.calls.get(id))
  const queue = useLive((l) => (call?.queue === undefined ? undefined : l.queues.get(call.queue)?.name))
  const customer = useCustomer()
  if (!call) return null
  return (
    <>
      <button type="button" className={cell.link} onClick={() => open(id)}>
        {customer(call).title}
      </button>
      {queue !== undefined && <span className={cell.under}>{queue}</span>}
    </>
  )
}
