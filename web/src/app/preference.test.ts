import { beforeEach, expect, test } from 'vitest'
import { forgetDone, forgetDrafts } from './preference'

beforeEach(() => localStorage.clear())

test('what was typed about calls is forgotten with them, and nothing else is', () => {
  localStorage.setItem('tandem.reason.over', 'x')
  localStorage.setItem('tandem.draft.over', 'x')
  localStorage.setItem('tandem.notes.here', 'x')
  localStorage.setItem('tandem.theme', 'dark')
  localStorage.setItem('notes.over', 'of another program')
  forgetDone((call) => call === 'here')
  expect(Object.keys(localStorage).sort()).toEqual(['notes.over', 'tandem.notes.here', 'tandem.theme'])
})

test('a follow-up that is not noted yet outlives its call, and nobody who signs out (C19)', () => {
  for (const kind of ['draft', 'reason', 'who', 'task', 'due']) localStorage.setItem(`tandem.${kind}.promised`, 'x')
  localStorage.setItem('tandem.task.blank', ' ')
  localStorage.setItem('tandem.due.blank', '2026-01-31')
  forgetDone(() => false)
  expect(Object.keys(localStorage).sort()).toEqual(['tandem.due.promised', 'tandem.task.promised', 'tandem.who.promised'])
  forgetDrafts()
  expect(Object.keys(localStorage)).toEqual([])
})

test('so do notes that no wrap-up has taken (C20)', () => {
  for (const kind of ['notes', 'reason', 'who', 'due', 'draft']) localStorage.setItem(`tandem.${kind}.over`, 'x')
  forgetDone(() => false)
  expect(Object.keys(localStorage).sort()).toEqual(['tandem.notes.over', 'tandem.who.over'])
  forgetDrafts()
  expect(Object.keys(localStorage)).toEqual([])
})
