// The bounds of one request's body. They are handed down from the configuration; nothing here reads it.

export interface BodyLimits {
  /** Bytes of the whole body: as received, and again after decompression. */
  bodyBytes: number
  /** Events of one request. */
  events: number
  /** Bytes of one event's text, whether a line, an element or a whole body. */
  lineBytes: number
  /** Levels of nested objects and arrays in one event: `{}` has one. */
  depth: number
  /** UTF-16 code units of one string, names included. */
  stringLength: number
  /** How long a request may send no byte while we wait for one. */
  stallMs: number
  /** How long we wait for one body in all; time spent on its events does not count. */
  requestMs: number
  /** Events that are parsed, governed and appended together. */
  chunkEvents: number
}
