import { ChevronDown, ChevronUp, X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { components } from '@/api/schema'
import { IconButton } from '@/ui/Button'
import { classes } from '@/ui/classes'
import { TextField } from '@/ui/Field'
import { useOptions } from '../setup'
import { Adder } from './Adder'
import { numberFrom } from './draft'
import type { EditorProps } from './fields'
import css from './Form.module.css'
import { Group } from './Group'

type Membership = components['schemas']['Membership']

/** Strategies that ask in the order of this list. */
const ordered: readonly unknown[] = ['in_order', 'ring_all', 'progressive_ring']

/** Who serves a queue (Q4 to Q7): in which order where the strategy goes by it, in which tier, and how much this queue matters to them. */
export function Members({ draft, set, error, item, isReadOnly }: EditorProps) {
  const { t } = useTranslation('admin')
  const agents = useOptions('agents')
  const members = (draft.members ?? []) as Membership[]
  const nameOf = (id: string) => agents.find((a) => a.id === id)?.label ?? id
  const put = (next: Membership[]) => set('members', next)
  const change = (i: number, part: Partial<Membership>) => put(members.map((m, at) => (at === i ? { ...m, ...part } : m)))
  const move = (i: number, by: number) => {
    const next = [...members]
    const [one] = next.splice(i, 1)
    if (one) next.splice(i + by, 0, one)
    put(next)
  }
  const isOrdered = ordered.includes(draft.strategy)
  return (
    <Group label={t('queues.members')} hint={t(isOrdered ? 'queues.membersOrdered' : 'queues.members_hint')} error={error}>
      {members.length > 0 && (
        <ol className={css.rows}>
          {members.map((m, i) => (
            <li key={m.agent} className={classes(css.row, item === i && css.rowWrong)}>
              {isOrdered && !isReadOnly && (
                <span className={css.small}>
                  <IconButton small label={t('form.up', { name: nameOf(m.agent) })} icon={<ChevronUp size={16} aria-hidden />} onPress={() => move(i, -1)} isDisabled={i === 0} />
                  <IconButton
                    small
                    label={t('form.down', { name: nameOf(m.agent) })}
                    icon={<ChevronDown size={16} aria-hidden />}
                    onPress={() => move(i, 1)}
                    isDisabled={i === members.length - 1}
                  />
                </span>
              )}
              <span className={css.rowName}>{nameOf(m.agent)}</span>
              <Small label={t('queues.level')} of={nameOf(m.agent)} value={m.level} onChange={(level) => change(i, { level: level as number })} isReadOnly={isReadOnly} />
              <Small label={t('queues.rank')} of={nameOf(m.agent)} value={m.rank} onChange={(rank) => change(i, { rank: rank as number })} isReadOnly={isReadOnly} />
              {!isReadOnly && (
                <IconButton small label={t('form.remove', { name: nameOf(m.agent) })} icon={<X size={16} aria-hidden />} onPress={() => put(members.filter((_, at) => at !== i))} />
              )}
            </li>
          ))}
        </ol>
      )}
      {!isReadOnly && (
        <Adder
          label={t('queues.addMember')}
          options={agents.filter((a) => !members.some((m) => m.agent === a.id))}
          onAdd={(agent) => put([...members, { agent, level: 0, rank: 0 }])}
        />
      )}
    </Group>
  )
}

/** A small number beside a name. */
export function Small({
  label,
  of,
  value,
  onChange,
  isReadOnly,
}: {
  label: string
  of: string
  value: number | string | undefined
  onChange: (value: number | string | undefined) => void
  isReadOnly: boolean
}) {
  return (
    <div className={css.small}>
      <span aria-hidden>{label}</span>
      <TextField label={`${label}: ${of}`} bare inputMode="numeric" value={String(value ?? 0)} onChange={(v) => onChange(numberFrom(v) ?? 0)} isReadOnly={isReadOnly} />
    </div>
  )
}
