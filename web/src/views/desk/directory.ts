import { api, ask } from '@/api/client'
import type { DirectoryItem } from '@/api/types'

export type Kind = DirectoryItem['kind']

/** What the directory has of each kind that fits a search, up to 500 of each: each is asked for by itself, so that many agents hide no queue. */
export async function lookUp(kinds: readonly Kind[], search = ''): Promise<DirectoryItem[]> {
  const query = search ? { search, limit: 500 } : { limit: 500 }
  const found = await Promise.all(kinds.map((kind) => ask(api.GET('/api/v1/directory', { params: { query: { ...query, kind } } }))))
  return found.flatMap((f) => f.items)
}
