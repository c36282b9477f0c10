import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { useLayoutEffect } from 'react'
import { afterEach, expect, test, vi } from 'vitest'
import { useShortcuts } from './shortcuts'

const deeds = { available: vi.fn(), decline: vi.fn(), hold: vi.fn(), end: vi.fn(), help: vi.fn() }

function Desk() {
  useShortcuts(deeds)
  return null
}

afterEach(() => {
  cleanup()
  // Whoever was typing has finished: the next test's keys are not the rest of their word.
  render(
    <>
      <Desk />
      <textarea />
    </>,
  )
  fireEvent.keyDown(screen.getByRole('textbox'), { key: 'Escape' })
  cleanup()
})

function press(key: string, code: string, shiftKey = false): string[] {
  vi.clearAllMocks()
  render(<Desk />)
  fireEvent.keyDown(document.body, { key, code, shiftKey })
  cleanup()
  return Object.entries(deeds).flatMap(([id, deed]) => (deed.mock.calls.length > 0 ? [id] : []))
}

test('a key does what is printed on it', () => {
  expect(press('h', 'KeyH')).toEqual(['hold'])
  expect(press('H', 'KeyH', true)).toEqual([])
  expect(press('E', 'KeyE', true)).toEqual(['end'])
  expect(press('e', 'KeyE')).toEqual([])
  expect(press('?', 'Slash', true)).toEqual(['help'])
  expect(press('a', 'KeyQ')).toEqual(['available']) // a French keyboard
  expect(press('q', 'KeyA')).toEqual([])
})

test('a key that is pressed as soon as its button can be does its deed', () => {
  function Panel({ live }: { live: boolean }) {
    useShortcuts({ hold: live ? deeds.hold : undefined })
    useLayoutEffect(() => {
      if (live) fireEvent.keyDown(document.body, { key: 'h', code: 'KeyH' })
    }, [live])
    return null
  }
  vi.clearAllMocks()
  const { rerender } = render(<Panel live={false} />)
  rerender(<Panel live />)
  expect(deeds.hold).toHaveBeenCalledOnce()
})

test('with Caps Lock on no conversation is ended by a single key', () => {
  expect(press('E', 'KeyE')).toEqual([])
  expect(press('e', 'KeyE', true)).toEqual(['end'])
  expect(press('H', 'KeyH')).toEqual(['hold'])
})

test('under a Ukrainian layout the keys are where they are printed in Latin letters', () => {
  expect(press('р', 'KeyH')).toEqual(['hold'])
  expect(press('ф', 'KeyA')).toEqual(['available'])
  expect(press('У', 'KeyE', true)).toEqual(['end'])
  expect(press('У', 'KeyE')).toEqual([]) // Caps Lock
})

test('who types on when the wrap-up has gone does not decline the next request', () => {
  vi.useFakeTimers()
  vi.clearAllMocks()
  const { rerender } = render(
    <>
      <Desk />
      <textarea />
    </>,
  )
  fireEvent.keyDown(screen.getByRole('textbox'), { key: 'n', code: 'KeyN' })
  rerender(<Desk />)
  for (const key of 'd a d') {
    vi.advanceTimersByTime(1000)
    fireEvent.keyDown(document.body, { key })
  }
  expect(deeds.decline).not.toHaveBeenCalled()
  expect(deeds.available).not.toHaveBeenCalled()
  vi.advanceTimersByTime(2000)
  fireEvent.keyDown(document.body, { key: 'd' })
  expect(deeds.decline).toHaveBeenCalledOnce()
  vi.useRealTimers()
})

test('who has finished with a field may use the keys at once', () => {
  for (const end of ['Enter', 'Escape', undefined]) {
    vi.clearAllMocks()
    const { rerender } = render(
      <>
        <Desk />
        <textarea />
      </>,
    )
    fireEvent.keyDown(screen.getByRole('textbox'), { key: 'n', code: 'KeyN' })
    // It is gone because it was sent or given up; or it is there, and was left.
    if (end) {
      fireEvent.keyDown(screen.getByRole('textbox'), { key: end, ctrlKey: true })
      rerender(<Desk />)
    }
    fireEvent.keyDown(document.body, { key: 'd' })
    expect(deeds.decline, end).toHaveBeenCalledOnce()
    cleanup()
  }
})
