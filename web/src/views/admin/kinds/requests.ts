import { api, ask, deed } from '@/api/client'
import type { paths } from '@/api/schema'
import type { Draft } from '../form/draft'
import { seen, type Kind, type Row } from './kind'

/** Where rows of the set-up are in the API: a list, and below it each by its id. */
type Path = Extract<keyof paths, '/api/v1/agents' | '/api/v1/hours' | '/api/v1/phones' | '/api/v1/queues' | '/api/v1/teams' | '/api/v1/tenants' | '/api/v1/trunks' | '/api/v1/users'>

/**
 * The requests that are the same for every kind. To the compiler they all go to one path: a body comes from a form, whose fields it holds to the contract where they are
 * listed, and the answer is what the kind says. `sent` makes the body that the API wants of what the form has.
 */
export function requests<T extends Row>(path: Path, sent: (body: Draft) => object = (body) => body): Pick<Kind<T>, 'list' | 'create' | 'replace' | 'remove'> {
  const all = path as '/api/v1/teams'
  const one = `${path}/{id}` as '/api/v1/teams/{id}'
  const body = (draft: Draft) => sent(draft) as never
  return {
    list: async (tenant) => (await ask(api.GET(all, { params: { query: { tenant } } }))).items as unknown as T[],
    create: async (draft) => (await ask(api.POST(all, { params: { header: deed() }, body: body(draft) }))) as unknown as T,
    replace: async (row, draft) => (await ask(api.PUT(one, { params: { path: { id: row.id }, header: seen(row) }, body: body(draft) }))) as unknown as T,
    remove: (row) => ask(api.DELETE(one, { params: { path: { id: row.id }, header: seen(row) } })),
  }
}
