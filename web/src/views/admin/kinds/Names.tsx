import { useRows } from '../setup'
import type { KindID } from './kind'

/** Items of the set-up by what people call them. */
export function Names({ kind, ids }: { kind: KindID; ids: readonly string[] }) {
  const rows = useRows(kind).data
  return ids.map((id) => rows?.find((r) => r.id === id)?.name ?? id).join(', ')
}
