import { expect, test } from 'vitest'
import { EventReader } from './sse'

test('an event is given when it is whole, wherever the pieces are cut', () => {
  const text = 'event: snapshot\nid: 41\ndata: {"position":41}\n\n: beat\n\nevent: change\r\nid: 42\r\ndata: a\r\ndata: b\r\n\r\n'
  const wanted = [
    { kind: 'snapshot', id: '41', data: '{"position":41}' },
    { kind: 'change', id: '42', data: 'a\nb' },
  ]
  for (let cut = 0; cut <= text.length; cut++) {
    const reader = new EventReader()
    expect([...reader.read(text.slice(0, cut)), ...reader.read(text.slice(cut))]).toEqual(wanted)
  }
})

test('a comment is no event, and an event without data is none either', () => {
  const reader = new EventReader()
  expect(reader.read(': beat\n\nevent: change\n\n')).toEqual([])
  expect(reader.read('data:x\n\n')).toEqual([{ kind: 'message', id: '', data: 'x' }])
})
