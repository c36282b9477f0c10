import { expect, test, vi } from 'vitest'
import { patience } from '@/test/patience'
import { DigitLine } from './DialPad'

vi.mock('./deeds', () => ({ press: vi.fn() }))

test('digits arrive in the order in which they were pressed, however slow the line is', async () => {
  const sent: string[] = []
  const answers: ((ok: boolean) => void)[] = []
  const line = new DigitLine((digits) => {
    sent.push(digits)
    return new Promise((done) => answers.push(done))
  })
  const first = line.add('1')
  void line.add('2')
  void line.add('3')
  expect(sent).toEqual(['1'])
  answers[0]?.(true)
  await vi.waitFor(() => expect(sent).toEqual(['1', '23']), patience)
  answers[1]?.(true)
  await first
  const next = line.add('#')
  expect(sent).toEqual(['1', '23', '#'])
  answers[2]?.(false)
  await next
})
