// An event on its way in: its own bytes, and either its value or what is wrong with it.

import type { JsonObject } from '../../storage/json.ts'
import type { Violation } from '../contract/contract.ts'
import type { CloudEventAttributes } from './cloudevents.ts'

/** Bounds of one event. */
export interface EventLimits {
  /** Levels of nested objects and arrays in one event: `{}` has one. */
  depth: number
  /** UTF-16 code units of one string, names included. */
  stringLength: number
}

/** One event of a request: it has a `value` or a `violation`, never both. */
export interface IncomingEvent {
  /** Its place among the request's events, from 0. */
  index: number
  /** Its bytes as they were sent (after decompression): of the whole envelope, if there is one. */
  raw: Buffer
  value?: JsonObject
  attributes?: CloudEventAttributes
  violation?: Violation
}

/** What was read of an event's bytes. */
export type ReadEvent = Pick<IncomingEvent, 'value' | 'attributes' | 'violation'>
