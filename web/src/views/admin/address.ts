import { useParams, useSearch } from '@tanstack/react-router'
import type { AdminSearch } from './routes'

/** Stands for what is not there yet, in place of its id. No id begins so. */
export const newID = '+new'

/** Which kind of set-up the address names, and which item of it. Whether there are such, the views find out. */
export function useAddress(): { kind?: string; id?: string } {
  // A list is drawn without an item and around one.
  return useParams({ strict: false })
}

export function useAdminSearch(): AdminSearch {
  return useSearch({ from: '/inside/admin' })
}
