// A request's body as it is handed to the readers: its bytes still to come, its headers, its bounds.

import type { Readable } from 'node:stream'
import type { BodyLimits } from './limits.ts'

/** A request's headers by lower-case name, as node:http gives them. */
export type Headers = Record<string, string | string[] | undefined>

export interface Body {
  stream: Readable
  headers: Headers
  limits: BodyLimits
  /** Told of bytes that stay in memory while the request is at work; throws `RequestRefused` when there is no room. */
  reserve?: (bytes: number) => void
  /** Aborted when the gateway is asked to stop. */
  stopping?: AbortSignal
}
