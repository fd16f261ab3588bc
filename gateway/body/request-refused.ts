// A request that cannot be taken as a whole, as a value to throw. The texts go to the client as they are:
// they never hold anything that was read from the body.

import type { ProblemSlug } from '../problem.ts'

/** What a refusal says: its status, and the parts of an RFC 9457 problem. */
export interface Refusal {
  /** The HTTP status: 400, 408, 413, 415, 422 … */
  status: number
  /** Names the kind of problem in its type URI, in kebab-case. */
  slug: ProblemSlug
  /** What is wrong, in one sentence. */
  detail: string
  /** What the client can do, in one sentence. */
  fix: string
  retryAfterSeconds?: number
}

/** Thrown when a request is refused as a whole; the error handler answers it. */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused'
  readonly status: number
  readonly slug: ProblemSlug
  readonly detail: string
  readonly fix: string
  readonly retryAfterSeconds?: number

  constructor(refusal: Refusal) {
    super(refusal.detail)
    this.status = refusal.status
    this.slug = refusal.slug
    this.detail = refusal.detail
    this.fix = refusal.fix
    if (refusal.retryAfterSeconds !== undefined) this.retryAfterSeconds = refusal.retryAfterSeconds
  }
}

/** Thrown when the client goes away before its body has ended: there is nobody left to answer. */
export class RequestAborted extends Error {
  override readonly name = 'RequestAborted'

  constructor(cause?: unknown) {
    super('The client closed the connection before the body ended.', { cause })
  }
}
