import { Check } from 'lucide-react'
import type { ReactNode } from 'react'
import { Header, Menu as Entries, MenuItem as Entry, MenuSection as Section, MenuTrigger, Popover, Separator, type Key } from 'react-aria-components'
import css from './Field.module.css'

/** Opens a list of deeds or choices below its button. The first child is the button. */
export function Menu({ button, label, onAction, children }: { button: ReactNode; label: string; onAction?: (key: Key) => void; children: ReactNode }) {
  return (
    <MenuTrigger>
      {button}
      <Popover className={css.popover ?? ''} offset={6}>
        <Entries aria-label={label} className={css.list ?? ''} {...(onAction ? { onAction } : {})}>
          {children}
        </Entries>
      </Popover>
    </MenuTrigger>
  )
}

export function MenuSection({
  title,
  children,
  selected,
  onSelect,
}: {
  title: string
  children: ReactNode
  selected?: string
  onSelect?: (key: string) => void
}) {
  return (
    <Section
      {...(selected === undefined
        ? {}
        : {
            selectionMode: 'single' as const,
            selectedKeys: [selected],
            disallowEmptySelection: true,
            onSelectionChange: (keys: 'all' | Set<Key>) => {
              if (keys !== 'all') for (const k of keys) onSelect?.(String(k))
            },
          })}
    >
      <Header className={css.section}>{title}</Header>
      {children}
    </Section>
  )
}

export function MenuItem({ id, text, icon, note, isDisabled = false }: { id: string; text: string; icon?: ReactNode; note?: ReactNode; isDisabled?: boolean }) {
  return (
    <Entry id={id} textValue={text} isDisabled={isDisabled} className={css.option ?? ''}>
      {({ isSelected }) => (
        <>
          {icon}
          <span>{text}</span>
          {note && <span className={css.hint}>{note}</span>}
          {isSelected && <Check className={css.tick} size={16} aria-hidden />}
        </>
      )}
    </Entry>
  )
}

export function MenuRule() {
  return <Separator className={css.rule ?? ''} />
}
