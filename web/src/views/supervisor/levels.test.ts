import { expect, test } from 'vitest'
import { serviceLevel, staffLevel, waitLevel, worst } from './levels'

test('a wait is told by the time in which the queue means to answer', () => {
  expect(waitLevel(undefined, 20)).toBe('calm')
  expect(waitLevel(9.9, 20)).toBe('calm')
  expect(waitLevel(10, 20)).toBe('warn')
  expect(waitLevel(20, 20)).toBe('bad')
})

test('a service level is told by its target; without callers all is well', () => {
  expect(serviceLevel(undefined, 0.8)).toBe('calm')
  expect(serviceLevel(0.8, 0.8)).toBe('calm')
  expect(serviceLevel(0.79, 0.8)).toBe('warn')
  expect(serviceLevel(0.59, 0.8)).toBe('bad')
})

test('callers without anybody free are worth a look, without anybody at all more than that', () => {
  expect(staffLevel(0, 0, 0)).toBe('calm')
  expect(staffLevel(1, 1, 1)).toBe('calm')
  expect(staffLevel(1, 0, 2)).toBe('warn')
  expect(staffLevel(1, 0, 0)).toBe('bad')
  expect(staffLevel(1, 0, undefined)).toBe('warn')
})

test('the worst of several counts', () => {
  expect(worst()).toBe('calm')
  expect(worst('warn', 'bad', 'calm')).toBe('bad')
})
