import { expect, test } from 'vitest'
import type { Engine } from '@/api/types'
import type { Trunk } from './kinds/trunks'
import { brandOf, troubles } from './switches'

const lines = { state: 'applied', phones: 2, registered: 1, trunks: [] } as const
const bare: Engine = { id: 'west', up: true, kind: 'asterisk' }
const engine: Engine = { ...bare, since: '2026-01-31T08:00:00Z', lines: { ...lines, trunks: [] } }
const trunk = (more: object) => ({ id: 'carrier', name: 'The carrier', host: 'sip.example.net', switches: [], ...more }) as unknown as Trunk
function found(change: Partial<Engine>, trunks: Trunk[] = []) {
  return troubles({ ...engine, ...change }, trunks).map((x) => [x.what, x.remedy, x.bad])
}

test('a switch that has everything has no trouble, and one whose phones are in its own files neither', () => {
  expect(found({}, [trunk({})])).toEqual([])
  expect(troubles(bare, [trunk({})])).toEqual([])
})

test('a switch that was never there is told apart from one that is lost', () => {
  expect(troubles({ ...bare, up: false }, []).map((x) => x.what)).toEqual(['never'])
  expect(found({ up: false })).toEqual([['down', 'down', true]])
})

test('what the switch could not be told comes with the reason as it was given', () => {
  expect(troubles({ ...engine, lines: { ...lines, state: 'failed', problem: 'reload: 500', trunks: [] } }, [])).toMatchObject([{ what: 'failed', said: 'reload: 500', bad: true }])
})

test('what to do about a trunk that is down depends on how it is set up', () => {
  const down = { lines: { ...lines, trunks: [{ trunk: 'carrier', state: 'down' as const }] } }
  expect(found(down, [trunk({})])).toEqual([['trunkDown', 'trunkSilent', true]])
  expect(found(down, [trunk({ register: true, has_password: true })])).toEqual([['trunkDown', 'trunkRefused', true]])
  expect(found(down, [trunk({ register: true, has_password: false })])).toEqual([['trunkDown', 'trunkPassword', true]])
  expect(troubles({ ...engine, ...down }, [])).toMatchObject([{ name: 'carrier' }])
})

test('addresses that are shut out are named', () => {
  expect(troubles({ ...engine, lines: { ...lines, trunks: [], blocked: ['192.0.2.1', '2001:db8::/64'] } }, [])).toMatchObject([{ what: 'blocked', count: 2, said: '192.0.2.1, 2001:db8::/64' }])
})

test('the version is the number that people know a switch by', () => {
  expect(brandOf({ ...engine, version: '22.10.1+dfsg+~cs6.17.60671434-1' })).toBe('Asterisk 22.10.1')
  expect(brandOf({ ...engine, kind: 'freeswitch', version: '1.10.12-release' })).toBe('FreeSWITCH 1.10.12')
  expect(brandOf({ ...engine, kind: 'other', version: 'git-17' })).toBe('other git-17')
})
