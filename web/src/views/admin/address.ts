import { useParams, useSearch } from '@tanstack/react-router'
import type { AdminSearch } from './routes'

/** Which kind of set-up the address names, and which item of it. Whether there are such, the views find out. */
export function useAddress(): { kind?: string; id?: string } {
  // The routes of a part are made for any parent, so that the router does not know their names.
  const params: unknown = useParams({ strict: false })
  return params as { kind?: string; id?: string }
}

export function useAdminSearch(): AdminSearch {
  const search: unknown = useSearch({ strict: false })
  return search as AdminSearch
}
