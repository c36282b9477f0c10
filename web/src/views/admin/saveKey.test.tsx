import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { useRef, useState } from 'react'
import { afterEach, expect, test, vi } from 'vitest'
import { WordList } from './form/WordList'
import { useSaveKey } from './saveKey'

vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key }) }))

afterEach(cleanup)

function Numbers({ saved }: { saved: (numbers: string[]) => void }) {
  const form = useRef<HTMLFormElement>(null)
  const [value, setValue] = useState(['100'])
  useSaveKey(form)
  return (
    <form
      ref={form}
      onSubmit={(e) => {
        e.preventDefault()
        saved(value)
      }}
    >
      <WordList label="numbers" hint={undefined} error={undefined} value={value} onChange={setValue} wrong={undefined} isReadOnly={false} />
      <button type="submit">save</button>
    </form>
  )
}

test('Ctrl+S saves what was typed into a list and not added yet, and the cursor stays', () => {
  const saved = vi.fn()
  render(<Numbers saved={saved} />)
  const field = screen.getByRole('textbox')
  field.focus()
  fireEvent.change(field, { target: { value: '200' } })
  fireEvent.keyDown(field, { key: 's', ctrlKey: true })
  expect(saved).toHaveBeenCalledWith(['100', '200'])
  expect(document.activeElement).toBe(field)
})
