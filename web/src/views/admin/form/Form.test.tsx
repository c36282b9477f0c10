import { cleanup, render, screen } from '@testing-library/react'
import { afterEach, expect, test, vi } from 'vitest'
import { Form } from './Form'

vi.mock('react-i18next', () => ({ useTranslation: () => ({ t: (key: string) => key, i18n: { language: 'en', exists: () => false } }) }))

afterEach(cleanup)

// Browsers list a zone by another of its names: Asia/Calcutta for Asia/Kolkata.
test('what is set up is shown, though it is not among what one may choose from', () => {
  const zone = { name: 'zone', as: 'choice', of: ['UTC', 'Asia/Calcutta'] } as const
  render(<Form texts="hours" sections={[{ id: 'what', fields: [zone] }]} draft={{ zone: 'Asia/Kolkata' }} set={() => undefined} complaints={[]} isReadOnly={false} isNew={false} />)
  expect(screen.getByRole('button').textContent).toContain('Asia/Kolkata')
})
