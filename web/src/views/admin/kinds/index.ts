import { agents } from './agents'
import { contacts } from './contacts'
import { entryPoints } from './entryPoints'
import { hours } from './hours'
import type { Kind, KindID } from './kind'
import { phones } from './phones'
import { queues } from './queues'
import { teams } from './teams'
import { tenants } from './tenants'
import { trunks } from './trunks'
import { users } from './users'

/** All kinds of set-up that have rows, by where they are in the address. */
export const kinds: Readonly<Record<KindID, Kind>> = {
  queues: queues as unknown as Kind,
  'entry-points': entryPoints as unknown as Kind,
  hours: hours as unknown as Kind,
  agents: agents as unknown as Kind,
  phones: phones as unknown as Kind,
  teams: teams as unknown as Kind,
  users: users as unknown as Kind,
  tenants: tenants,
  trunks: trunks as unknown as Kind,
  contacts: contacts as unknown as Kind,
}
