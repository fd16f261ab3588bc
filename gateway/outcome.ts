// What became of an event at the gateway: three outcomes, closed. A failure of the log or the vault is none of them:
// it is a thrown error, and the event is answered `retryable`.

import type { Problem } from './problem.ts'

export type EventResult =
  | { index: number; id: string; outcome: 'accepted' }
  | { index: number; id: string; outcome: 'suppressed' }
  | { index: number; id?: string; outcome: 'rejected'; retryable: false; problem: Problem }
  /** Nothing is known to be stored: sending it again, under the same id, is safe. */
  | { index: number; id?: string; retryable: true }

export interface IngestAnswer {
  received: number
  accepted: number
  suppressed: number
  rejected: number
  results: EventResult[]
}

/** Something failed after part of the request was answered for: the answer so far, and why it ends there. */
export class IngestInterrupted extends Error {
  override name = 'IngestInterrupted'
  readonly answer: IngestAnswer

  constructor(answer: IngestAnswer, cause: unknown) {
    super('the request was interrupted', { cause })
    this.answer = answer
  }
}
