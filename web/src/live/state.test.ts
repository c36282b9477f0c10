import { describe, expect, test } from 'vitest'
import type { AgentView, Call, DirectoryItem } from '@/api/types'
import { mostEntries, nothing, withChange, withSnapshot } from './state'

const call = (id: string, phase: Call['phase'] = 'waiting') => ({ id, phase }) as Call
const agent = (id: string, state: AgentView['state'] = 'available') => ({ id, state }) as AgentView
const listed = (id: string) => ({ id, kind: 'agent' }) as DirectoryItem

const begun = withSnapshot(nothing, { position: 7, calls: [call('a'), call('b')], agents: [agent('anna')], queues: [], engines: [], directory: [listed('ben')] })

describe('snapshot', () => {
  test('replaces everything that was known', () => {
    const next = withSnapshot(begun, { position: 9, calls: [call('c')], agents: [], queues: [], engines: [] })
    expect([...next.calls.keys()]).toEqual(['c'])
    expect(next.agents.size).toBe(0)
    expect(next.directory.size).toBe(0)
    expect(next.position).toBe(9)
  })
})

describe('change', () => {
  test('changes what it names, and leaves all else the same object', () => {
    const next = withChange(begun, { position: 8, calls: [call('a', 'talking')], gone_calls: ['b', 'never'] })
    expect([...next.calls.values()].map((c) => [c.id, c.phase])).toEqual([['a', 'talking']])
    expect(next.agents).toBe(begun.agents)
    expect(next.directory).toBe(begun.directory)
    expect(begun.calls.size).toBe(2)
  })

  test('an agent who comes into sight leaves the directory, and the other way round', () => {
    const seen = withChange(begun, { position: 8, agents: [agent('ben')] })
    expect(seen.directory.has('ben')).toBe(false)
    expect(seen.agents.has('ben')).toBe(true)
    const unseen = withChange(seen, { position: 9, directory: [listed('ben')] })
    expect(unseen.agents.has('ben')).toBe(false)
    expect(unseen.directory.has('ben')).toBe(true)
    expect(withChange(unseen, { position: 10, gone_agents: ['ben'] }).directory.has('ben')).toBe(false)
  })

  test('keeps the newest lines of the timeline', () => {
    const many = Array.from({ length: mostEntries + 5 }, (_, i) => ({ at: '2026-01-31T08:00:00Z', kind: `k${i}` }))
    const next = withChange(begun, { position: 8, entries: many })
    expect(next.entries.length).toBe(mostEntries)
    expect(next.entries.at(-1)?.kind).toBe(`k${mostEntries + 4}`)
  })
})
