import { api, ask, deed } from '@/api/client'
import type { AgentView, Target } from '@/api/types'
import { attempt } from '@/app/failure'

/** What needs nothing but the call. */
export type CallDeed =
  | 'hold'
  | 'resume'
  | 'mute'
  | 'unmute'
  | 'end'
  | 'leave'
  | 'consult/end'
  | 'consult/toggle'
  | 'consult/transfer'
  | 'consult/merge'
  | 'recording/pause'
  | 'recording/resume'
  | 'recording/discard'

/** Does something with a call; a notice says why if it is refused. Gives whether it was done. What it changes, the event stream shows. */
export function act(call: string, what: CallDeed): Promise<boolean> {
  // All of these paths take the same and answer the same.
  const path = `/api/v1/calls/{id}/${what}` as '/api/v1/calls/{id}/hold'
  return attempt(ask(api.POST(path, { params: { path: { id: call }, header: deed() }, body: {} })))
}

export function consult(call: string, to: Target, goOn: boolean): Promise<unknown> {
  return ask(api.POST('/api/v1/calls/{id}/consult', { params: { path: { id: call }, header: deed() }, body: { to, ...(goOn ? { go_on: true } : {}) } }))
}

export function transfer(call: string, to: Target): Promise<unknown> {
  return ask(api.POST('/api/v1/calls/{id}/transfer', { params: { path: { id: call }, header: deed() }, body: { to } }))
}

export function press(call: string, digits: string): Promise<boolean> {
  return attempt(ask(api.POST('/api/v1/calls/{id}/digits', { params: { path: { id: call }, header: deed() }, body: { digits } })))
}

export function withParticipant(call: string, leg: string, what: 'hold' | 'resume' | 'disconnect'): Promise<boolean> {
  const path = `/api/v1/calls/{id}/participants/{leg}/${what}` as '/api/v1/calls/{id}/participants/{leg}/hold'
  return attempt(ask(api.POST(path, { params: { path: { id: call, leg }, header: deed() }, body: {} })))
}

/** Turns down this request of a call; a click that comes when another one rings, be it the same caller's, does nothing to that. */
export function decline(agent: string, call: string, leg: string | undefined): Promise<boolean> {
  return attempt(ask(api.POST('/api/v1/agents/{id}/offer/decline', { params: { path: { id: agent }, header: deed() }, body: { call, ...(leg ? { leg } : {}) } })))
}

/** Which wrap-up is meant: one that comes late is about no other. */
export type WrapUpMeant = Pick<NonNullable<AgentView['wrap_up']>, 'call' | 'since'>

export function submitWrapUp(agent: string, { call, since }: WrapUpMeant, reason: string, notes: string): Promise<unknown> {
  return ask(
    api.POST('/api/v1/agents/{id}/wrap-up', {
      params: { path: { id: agent }, header: deed() },
      body: { call, since, ...(reason ? { reason } : {}), ...(notes.trim() ? { notes: notes.trim() } : {}) },
    }),
  )
}

export function noteTask(task: { call: string; title: string; due: string }, key: string): Promise<unknown> {
  return ask(api.POST('/api/v1/tasks', { params: { header: deed(key) }, body: task }))
}

export function extendWrapUp(agent: string, { call, since }: WrapUpMeant): Promise<boolean> {
  return attempt(ask(api.POST('/api/v1/agents/{id}/wrap-up/extend', { params: { path: { id: agent }, header: deed() }, body: { call, since } })))
}
