// The bounds of one request's body. They are handed down from the configuration; nothing here reads it.

import type { EventLimits } from '../../governance/ingestion/incoming-event.ts'

export interface BodyLimits extends EventLimits {
  /** Bytes of the whole body: as received, and again after decompression. */
  bodyBytes: number
  /** Events of one request. */
  events: number
  /** Bytes of one event's text, whether a line, an element or a whole body. */
  lineBytes: number
  /** How long a request may send no byte while we wait for one. */
  stallMs: number
  /** How long we wait for one body in all; time spent on its events does not count. */
  requestMs: number
  /** Events that are parsed, governed and appended together. */
  chunkEvents: number
}
