/** The deeds of the audit log that are of the form "create, replace, delete or import something": their verb is said, and their object is shown beside it. */
export const verbs = ['create', 'replace', 'delete', 'import', 'revoke'] as const

export type Verb = (typeof verbs)[number]

/** The other deeds that the log tells of, each with words of its own. */
export const deeds = [
  'signIn',
  'signInFailed',
  'signOut',
  'changePassword',
  'setPassword',
  'setPhonePassword',
  'setTrunkPassword',
  'setIdleReasons',
  'setTenantSettings',
  'addNumbers',
  'excludeNumber',
  'endExclusion',
  'setAgentState',
  'declineOffer',
  'finishWrapUp',
  'endCall',
  'pauseRecording',
  'resumeRecording',
  'discardRecording',
  'getRecordingAudio',
  'revealVariable',
] as const

export type Deed = (typeof deeds)[number]

/** What was carried out, recording by recording, has the words of what was asked for. */
const carriedOut: Partial<Record<string, Deed>> = { 'recording.paused': 'pauseRecording', 'recording.resumed': 'resumeRecording', 'recording.discarded': 'discardRecording' }

/** What kind of deed an operation is; undefined for one that we have no words for. */
export function deedOf(action: string): { verb: Verb } | { deed: Deed } | undefined {
  const deed = carriedOut[action] ?? deeds.find((d) => d === action)
  if (deed) return { deed }
  const verb = verbs.find((v) => action.startsWith(v) && /^[A-Z]/.test(action.slice(v.length)))
  return verb && { verb }
}

/** What can be filtered by: kinds as the log has them. */
export const objects = ['queue', 'entry-point', 'hours', 'agent', 'phone', 'trunk', 'team', 'user', 'contact', 'lead-exclusion', 'tenant', 'token', 'session', 'call', 'recording', 'site'] as const

/** An entry's object in its parts. */
export function objectOf(object: string): { kind: string; id: string } {
  const at = object.indexOf('/')
  return at < 0 ? { kind: object, id: '' } : { kind: object.slice(0, at), id: object.slice(at + 1) }
}

export const spans = { day: 1, week: 7, month: 31, ever: 0 } as const

export type Span = keyof typeof spans

/** When a span begins: so many days ago, at the beginning of the reader's day. Undefined for ever. */
export function beginOf(span: Span, now: Date): string | undefined {
  if (span === 'ever') return undefined
  const d = new Date(now)
  d.setHours(0, 0, 0, 0)
  d.setDate(d.getDate() - (spans[span] - 1))
  return d.toISOString()
}
