import { expect, test } from 'vitest'
import type { Me } from '@/api/types'
import { home, ways } from './nav'

function who(may: string[], agent?: string): Me {
  return { name: 'x', role: 'auditor', all_teams: false, may, ...(agent ? { agent } : {}) }
}

function waysOf(me: Me) {
  return ways.filter((w) => w.for(me)).map((w) => w.to)
}

test('ways are offered by what somebody may do, whatever the role is called', () => {
  expect(waysOf(who(['listCallRecords'], 'anna'))).toEqual(['/desk', '/calls'])
  expect(waysOf(who(['queueFigures', 'listCallRecords']))).toEqual(['/supervisor', '/calls'])
  expect(waysOf(who(['queueFigures', 'listCallRecords', 'listAudit']))).toEqual(['/supervisor', '/calls', '/admin'])
  expect(waysOf(who([]))).toEqual([])
})

test('who looks after the customers and not after the set-up has a way to them', () => {
  const labels = (may: string[]) => ways.filter((w) => w.for(who(may))).map((w) => w.label)
  expect(labels(['createContact'])).toEqual(['nav.customers'])
  expect(labels(['createContact', 'listAudit'])).toEqual(['nav.admin'])
})

test('people begin where their work is', () => {
  expect(home(who(['listCallRecords'], 'anna'))).toBe('/desk')
  expect(home(who(['queueFigures', 'listCallRecords']))).toBe('/supervisor')
  expect(home(who(['queueFigures', 'listAudit']))).toBe('/supervisor')
  expect(home(who(['queueFigures', 'listAudit', 'replaceQueue']))).toBe('/admin')
  expect(home(who([]))).toBe('/calls')
  expect(home({ ...who(['changePassword'], 'anna'), must_change_password: true })).toBe('/account')
})
