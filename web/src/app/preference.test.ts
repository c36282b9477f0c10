import { beforeEach, expect, test } from 'vitest'
import { forgetDrafts } from './preference'

beforeEach(() => localStorage.clear())

test('what was typed about calls is forgotten with them, and nothing else is', () => {
  localStorage.setItem('tandem.notes.over', 'x')
  localStorage.setItem('tandem.draft.over', 'x')
  localStorage.setItem('tandem.notes.here', 'x')
  localStorage.setItem('tandem.theme', 'dark')
  localStorage.setItem('notes.over', 'of another program')
  forgetDrafts((call) => call === 'here')
  expect(Object.keys(localStorage).sort()).toEqual(['notes.over', 'tandem.notes.here', 'tandem.theme'])
})
