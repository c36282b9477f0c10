import { useState } from 'react'
import { isChanged, merge, withValue, type Draft } from './form/draft'
import type { Row } from './kinds/kind'

/** What somebody else did while this was being written. */
export interface Told {
  taken: string[]
  disputed: string[]
}

/**
 * What is written on top of a row. When a newer version of the row arrives — another administrator saved it, or we did — what was written here is put onto it, field by
 * field, and `told` says what the other one changed.
 */
export function useDraft<T extends Row>(row: T) {
  const [state, setState] = useState<{ base: T; draft: Draft; told: Told | undefined }>({ base: row, draft: asDraft(row), told: undefined })
  let now = state
  if (row.version > state.base.version) {
    if (isChanged(asDraft(state.base), state.draft)) {
      const merged = merge(asDraft(state.base), state.draft, asDraft(row))
      now = { base: row, draft: merged.draft, told: { taken: merged.taken, disputed: merged.disputed } }
    } else now = { base: row, draft: asDraft(row), told: undefined }
    setState(now)
  }
  return {
    base: now.base,
    draft: now.draft,
    told: now.told,
    isDirty: isChanged(asDraft(now.base), now.draft),
    set: (name: string, value: unknown) => setState((s) => ({ ...s, draft: withValue(s.draft, name, value) })),
    /** Back to the row as it is. */
    discard: () => setState((s) => ({ base: s.base, draft: asDraft(s.base), told: undefined })),
    /** It has been saved: the answer is what there is now. */
    saved: (row: T) => setState({ base: row, draft: asDraft(row), told: undefined }),
  }
}

function asDraft(row: object): Draft {
  return row as Draft
}
