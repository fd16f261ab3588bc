// A CloudEvents envelope from its text: its event, and the attributes around it.

import { readEnvelope } from './cloudevents.ts'
import type { EventLimits, ReadEvent } from './incoming-event.ts'
import { parseStrict } from './strict-json.ts'

/** @param depth its levels of nesting, where they are known already */
export function parseEnvelope(raw: Buffer, limits: EventLimits, depth?: number): ReadEvent {
  // The envelope is one level that the event itself does not have.
  const { value, violation } = parseStrict(raw, { ...limits, depth: limits.depth + 1 }, depth)
  if (violation) return { violation }
  const read = readEnvelope(value, limits)
  return read.violation ? read : { value: read.data, attributes: read.attributes }
}
