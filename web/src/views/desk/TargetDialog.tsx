import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { DoorOpen, Phone, RefreshCw, UsersRound } from 'lucide-react'
import { useDeferredValue, useState } from 'react'
import { ListBox, ListBoxItem, ToggleButton, ToggleButtonGroup } from 'react-aria-components'
import { useTranslation } from 'react-i18next'
import type { Call } from '@/api/types'
import { failureText } from '@/app/failure'
import { useDates } from '@/i18n/dates'
import { useLive } from '@/live/store'
import { Button, IconButton } from '@/ui/Button'
import { Dialog } from '@/ui/Dialog'
import { Checkbox, SearchField } from '@/ui/Field'
import { StateBadge, StateMark } from '@/ui/State'
import { Tag } from '@/ui/Tag'
import { Since } from '@/ui/Timer'
import { consult, transfer } from './deeds'
import { lookUp } from './directory'
import { canTake, choices, type Choice } from './targets'
import css from './TargetDialog.module.css'

const kinds = ['all', 'agent', 'queue', 'entry_point', 'number'] as const

/** Whom to ask, or to whom to send the customer: everybody and everything in the directory, with states as they are now, or a number (C4, C5, C9). */
export function TargetDialog({ call, agent, purpose, onClose }: { call: Call; agent: string; purpose: 'consult' | 'transfer'; onClose: () => void }) {
  const { t } = useTranslation('desk')
  const live = useLive((l) => l)
  const [search, setSearch] = useState('')
  const [kind, setKind] = useState<(typeof kinds)[number]>('all')
  const [chosen, setChosen] = useState<string>()
  const [first, setFirst] = useState<{ looked: string; id: string }>()
  const [goOn, setGoOn] = useState(false)
  const [busy, setBusy] = useState(false)
  const [refusal, setRefusal] = useState<string>()
  const words = useDeferredValue(search.trim())
  const directory = useQuery({
    queryKey: ['directory', 'all', words],
    queryFn: () => lookUp(['agent', 'queue', 'entry_point'], words),
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
  })
  const found = choices(directory.data ?? [], live, agent, search, kind)
  // Whoever was chosen, or else the first who was found and could be asked. If that one cannot be asked any more, nobody takes their place unasked.
  const looked = search && `${kind} ${search}`
  if (looked !== first?.looked) {
    const best = looked ? found[0] : undefined
    if (best && canTake(best, purpose)) setFirst({ looked, id: best.id })
    else if (first) setFirst(undefined)
  }
  const id = chosen ?? (looked === first?.looked ? first.id : undefined)
  const meant = found.find((c) => c.id === id)
  const selected = meant && canTake(meant, purpose) ? meant : undefined
  // In a conference the others may go on with the customer meanwhile (C11).
  const conference = (call.participants?.filter((p) => p.role !== 'consultant').length ?? 0) > 2

  function searchFor(text: string) {
    setSearch(text)
    setChosen(undefined)
  }

  async function go(choice: Choice | undefined) {
    if (!choice) return
    setBusy(true)
    setRefusal(undefined)
    try {
      await (purpose === 'consult' ? consult(call.id, choice.to, goOn && conference) : transfer(call.id, choice.to))
      onClose()
    } catch (e) {
      setRefusal(failureText(e))
    } finally {
      setBusy(false)
    }
  }

  return (
    <Dialog
      title={t(`target.${purpose}`)}
      isOpen
      onClose={onClose}
      wide
      foot={
        <Button look="primary" isDisabled={!selected} isPending={busy} onPress={() => void go(selected)}>
          {selected ? t(`target.${purpose}To`, { name: selected.name }) : t(`target.${purpose}`)}
        </Button>
      }
    >
      <form
        className={css.top}
        onSubmit={(e) => {
          e.preventDefault()
          void go(selected)
        }}
      >
        <SearchField label={t('target.search')} value={search} onChange={searchFor} autoFocus />
        <IconButton look="secondary" label={t('target.reload')} icon={<RefreshCw size={16} aria-hidden />} isPending={directory.isFetching} onPress={() => void directory.refetch()} />
      </form>
      <ToggleButtonGroup
        className={css.kinds ?? ''}
        aria-label={t('target.filter')}
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[kind]}
        onSelectionChange={(keys) => {
          for (const k of keys) setKind(k as typeof kind)
        }}
      >
        {kinds.map((k) => (
          <ToggleButton key={k} id={k} className={css.kind ?? ''}>
            {t(`target.kind.${k}`)}
          </ToggleButton>
        ))}
      </ToggleButtonGroup>
      <ListBox
        className={css.list ?? ''}
        aria-label={t(`target.${purpose}`)}
        items={found}
        selectionMode="single"
        selectedKeys={selected ? [selected.id] : []}
        onSelectionChange={(keys) => {
          if (keys !== 'all') for (const k of keys) setChosen(String(k))
        }}
        disabledKeys={found.filter((c) => !canTake(c, purpose)).map((c) => c.id)}
        renderEmptyState={() => <p className={css.none}>{directory.isPending ? t('loading', { ns: 'common' }) : t('target.none')}</p>}
      >
        {(c) => (
          <ListBoxItem id={c.id} textValue={c.name} className={css.item ?? ''}>
            <Mark choice={c} />
            <span className={css.name}>
              {c.kind === 'number' ? t('target.dial', { number: c.name }) : c.name}
              <Detail choice={c} />
            </span>
            {c.closed && <Tag tone="off">{t('target.closed')}</Tag>}
            {c.state && (
              <>
                <StateBadge state={c.state} />
                {c.since && <Since at={c.since} className={css.since ?? ''} />}
              </>
            )}
          </ListBoxItem>
        )}
      </ListBox>
      {purpose === 'consult' && conference && (
        <Checkbox isSelected={goOn} onChange={setGoOn}>
          {t('target.goOn')}
        </Checkbox>
      )}
      {refusal && (
        <p className={css.error} role="alert">
          {refusal}
        </p>
      )}
    </Dialog>
  )
}

function Mark({ choice }: { choice: Choice }) {
  if (choice.kind === 'agent') return <StateMark state={choice.state ?? 'offline'} size={18} />
  const Icon = { queue: UsersRound, entry_point: DoorOpen, number: Phone }[choice.kind]
  return <Icon size={18} className={css.mark} aria-hidden />
}

function Detail({ choice }: { choice: Choice }) {
  const { t } = useTranslation('desk')
  const dates = useDates()
  const text =
    choice.kind === 'queue'
      ? t('target.queueDetail', { waiting: choice.waiting ?? 0, free: choice.free ?? 0 })
      : choice.opens
        ? t('target.opens', { at: dates.moment(choice.opens) })
        : choice.teams.join(', ')
  return text ? <span className={css.detail}>{text}</span> : null
}
