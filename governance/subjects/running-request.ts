// What a request's work is given while it runs: its content, and stages that are done once, however often it is resumed.

import type { JsonObject, JsonValue } from '../../storage/json.ts'
import type { SealedContent, StoredRequest } from './rights-request.ts'

/** How a request ended: for everybody who may see it, so without personal data. */
export interface RequestResult {
  outcome: JsonObject
  /** Signed. */
  certificate: string | null
}

export interface RunningRequest {
  id: string
  filed: Pick<StoredRequest, 'kind' | 'createdAt' | 'createdBy' | 'dataset' | 'asked'>
  content: SealedContent
  /**
   * Does a stage's work, unless it was done before the request was last interrupted, and keeps what it gives, sealed.
   * The work must be idempotent: it is done again if the process dies before that is written. What it gives must be
   * plain JSON.
   */
  stage<T>(name: string, work: () => Promise<T>): Promise<T>
  /** Tells how far a holder is. */
  tellHolder(name: string, records: number, verified: boolean): Promise<void>
  /** Keeps a value in `content.progress`, sealed as stages are, in the place of what was kept under this name before. */
  keep(name: string, value: JsonValue): Promise<void>
  /** Waits this long, ms. @throws Error when the process is asked to stop */
  wait(ms: number): Promise<void>
  /**
   * Waits until a condition holds, looking again and again: for some seconds, then the request makes room for others and
   * is resumed at this stage.
   * @throws RequestWaits to be resumed later; Error when the process is asked to stop
   */
  waitUntil(holds: () => Promise<boolean>): Promise<void>
}

/** Others come first: the request waits for what takes longer. */
export class RequestWaits extends Error {
  override name = 'RequestWaits'
}
