import { expect, test } from 'vitest'
import type { AgentState, AgentView } from '@/api/types'
import { counted, listed } from './agents'

function agent(name: string, state: AgentState, minute: number, teams: string[] = []): AgentView {
  return { id: name, tenant: 'acme', name, phone: `10${minute}`, teams, state, state_cause: 'agent', since: `2026-01-31T08:0${minute}:00Z`, misses: 0, answered: 0, talked_seconds: 0 }
}

const all = [agent('Zoe Müller', 'engaged', 1, ['north']), agent('Anna', 'offline', 2), agent('Ben', 'rona', 3, ['south']), agent('Cleo', 'engaged', 0, ['south'])]
const everybody = { text: '', team: undefined, state: undefined }

function names(agents: AgentView[]): string[] {
  return agents.map((a) => a.name)
}

test('by state, whoever needs a look comes first, and of the same state whoever has been in it longest', () => {
  expect(names(listed(all, everybody, 'state'))).toEqual(['Ben', 'Cleo', 'Zoe Müller', 'Anna'])
})

test('by name, and by how long', () => {
  expect(names(listed(all, everybody, 'name'))).toEqual(['Anna', 'Ben', 'Cleo', 'Zoe Müller'])
  expect(names(listed(all, everybody, 'time'))).toEqual(['Cleo', 'Zoe Müller', 'Anna', 'Ben'])
})

test('a name is found without its accents, an agent by the phone too', () => {
  expect(names(listed(all, { ...everybody, text: ' muller' }, 'name'))).toEqual(['Zoe Müller'])
  expect(names(listed(all, { ...everybody, text: '103' }, 'name'))).toEqual(['Ben'])
})

test('teams and states narrow the board', () => {
  expect(names(listed(all, { ...everybody, team: 'south' }, 'name'))).toEqual(['Ben', 'Cleo'])
  expect(names(listed(all, { ...everybody, team: 'south', state: 'engaged' }, 'name'))).toEqual(['Cleo'])
})

test('every state is counted', () => {
  expect(counted(all).filter((c) => c.count > 0)).toEqual([
    { state: 'rona', count: 1 },
    { state: 'engaged', count: 2 },
    { state: 'offline', count: 1 },
  ])
  expect(counted([])).toHaveLength(7)
})
