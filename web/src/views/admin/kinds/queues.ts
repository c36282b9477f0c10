import { ListOrdered } from 'lucide-react'
import type { components } from '@/api/schema'
import { Members } from '../form/Members'
import { SkillNeeds } from '../form/SkillNeeds'
import type { Kind } from './kind'
import { QueueBeside } from './QueueBeside'
import { requests } from './requests'

export type Queue = components['schemas']['Queue']
type Setup = components['schemas']['QueueSetup']

/** In the order in which they are offered: the usual ones first. */
export const strategies = [
  'longest_idle',
  'round_robin',
  'in_order',
  'fewest_calls',
  'least_talk',
  'best_fit',
  'ring_all',
  'progressive_ring',
  'random',
] as const satisfies readonly components['schemas']['Strategy'][]

export const queues: Kind<Queue> = {
  id: 'queues',
  texts: 'queues',
  object: 'queue',
  icon: ListOrdered,
  operations: { create: 'createQueue', replace: 'replaceQueue', remove: 'deleteQueue' },
  csv: 'queues',
  title: (q) => q.name,
  columns: [
    { id: 'name', text: (q) => q.name },
    { id: 'strategy', text: (q, t) => t(`queues.strategy_${q.strategy ?? 'longest_idle'}`) },
    { id: 'members', text: (q) => q.members.length },
    { id: 'waiting', text: (q) => q.live?.waiting ?? 0 },
  ],
  sections: [
    {
      id: 'what',
      fields: [
        { name: 'name', as: 'text', isRequired: true },
        { name: 'id', as: 'id', onlyNew: true },
      ],
    },
    {
      id: 'who',
      fields: [
        { name: 'strategy', as: 'cards', of: strategies, byDefault: 'longest_idle', wide: true },
        { name: 'progressive_step', as: 'seconds', usual: 10, when: (d) => d.strategy === 'progressive_ring' },
        { name: 'members', as: 'own', edit: Members, wide: true },
        { name: 'skills', as: 'own', edit: SkillNeeds, wide: true },
      ],
    },
    {
      id: 'ring',
      fields: [
        { name: 'ring_time', as: 'seconds', usual: 20 },
        { name: 'rona_after', as: 'number', usual: 1 },
        { name: 'miss_delay', as: 'seconds', usual: 5 },
        { name: 'busy_delay', as: 'seconds', usual: 30 },
        { name: 'sticky', as: 'seconds' },
      ],
    },
    {
      id: 'wait',
      fields: [
        { name: 'service_level', as: 'seconds', usual: 20 },
        { name: 'max_wait', as: 'seconds' },
        { name: 'max_size', as: 'number' },
        { name: 'music', as: 'text', when: (d) => !d.ringback },
        { name: 'ringback', as: 'flag', wide: true },
        { name: 'unanswered', as: 'words', wide: true },
      ],
    },
    {
      id: 'record',
      fields: [
        { name: 'record', as: 'flag', wide: true },
        { name: 'record_consults', as: 'flag', wide: true },
        { name: 'pause_limit', as: 'seconds', when: (d) => Boolean(d.record) },
        { name: 'discard_recordings', as: 'flag', when: (d) => Boolean(d.record), wide: true },
      ],
    },
    {
      id: 'after',
      fields: [
        { name: 'wrap_up.time', as: 'seconds' },
        { name: 'wrap_up.extension', as: 'seconds', when: hasWrapUp },
        { name: 'wrap_up.extensions', as: 'number', when: (d) => hasWrapUp(d) && Boolean((d.wrap_up as Setup['wrap_up'])?.extension) },
        { name: 'wrap_up.reasons', as: 'words', when: hasWrapUp, wide: true },
        { name: 'wrap_up.required', as: 'flag', when: hasWrapUp, wide: true },
      ],
    },
  ],
  blank: (tenant) => ({ tenant, name: '', strategy: 'longest_idle', members: [], wrap_up: { time: 30 } }),
  ...requests<Queue>('/api/v1/queues'),
  beside: QueueBeside,
}

function hasWrapUp(d: Record<string, unknown>): boolean {
  return Boolean((d.wrap_up as Setup['wrap_up'])?.time)
}
