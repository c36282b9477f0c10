import type { components } from './schema'

/** What the server answers when it refuses, or what stands for it where no answer came. */
export class Problem extends Error {
  /** Stable word of the API, or `unreachable` where no answer came. */
  readonly code: string
  /** JSON name, parameter or header at fault. */
  readonly field: string | undefined
  /** Of a file: all that is wrong with it. */
  readonly lines: { line: number; field?: string; rule: string }[]
  /** 0 where no answer came. */
  readonly status: number
  /** Seconds after which to ask again. */
  readonly retryAfter: number | undefined

  constructor(status: number, body: unknown, retryAfter?: number) {
    const error = (body as Partial<components['schemas']['Error']> | undefined)?.error
    super(error?.message ?? 'no answer')
    this.name = 'Problem'
    this.status = status
    this.code = error?.code ?? (status === 0 ? 'unreachable' : 'internal')
    this.field = error?.field
    this.lines = error?.lines ?? []
    this.retryAfter = retryAfter
  }

  /** It is not known whether what was asked for has happened, or will: who asks again has to give the same Idempotency-Key. */
  get leavesOpen(): boolean {
    return this.status === 0 || this.status >= 500 || this.code === 'in_progress'
  }
}
