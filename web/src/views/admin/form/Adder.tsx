import { useState } from 'react'
import type { Option } from '@/ui/Field'
import { Pick } from './Pick'

/** Adds one after the other of many: what was picked is gone from the choice, and the field is empty again. */
export function Adder({ label, options, onAdd }: { label: string; options: readonly Option[]; onAdd: (id: string) => void }) {
  const [round, setRound] = useState(0)
  return (
    <Pick
      key={round}
      label={label}
      bare
      placeholder={label}
      options={options}
      value={null}
      onPick={(id) => {
        onAdd(id)
        setRound(round + 1)
      }}
    />
  )
}
