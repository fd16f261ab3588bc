// The original of a rejected event, read as its request was: the same parser, the same envelope, the same names.

import { isJsonObject, type JsonObject, type JsonValue } from '../../storage/json.ts'
import type { Violation } from '../contract/contract.ts'
import type { Original } from '../subjects/quarantine-seal.ts'
import type { CheckRequest } from './check-event.ts'
import type { CloudEventAttributes } from './cloudevents.ts'
import type { EventLimits, IncomingEvent } from './incoming-event.ts'
import { parseEnvelope } from './parse-envelope.ts'
import { parseStrict } from './strict-json.ts'

/**
 * @param schema a version to check it against, in the place of the one it names
 */
export function readOriginal(
  original: Original,
  limits: EventLimits,
  schema: string | undefined,
): { incoming: IncomingEvent; request: CheckRequest } {
  const { body, contentType } = original
  const isEnvelope = isEnvelopeType(contentType)
  const { value, violation, attributes } = isEnvelope
    ? parseEnvelope(body, limits)
    : { attributes: original.attributes as CloudEventAttributes | undefined, ...parseStrict(body, limits) }
  const { dataschema, ...others } = attributes ?? {}
  const named = schema === undefined && dataschema !== undefined ? { dataschema } : {}
  return {
    incoming: {
      index: 0,
      raw: body,
      ...(value && { value }),
      ...(violation && { violation }),
      ...(attributes && { attributes: { ...(others as CloudEventAttributes), ...named } }),
    },
    request: { schemaVersion: schema ?? original.schemaVersion, makeId: () => original.id },
  }
}

/**
 * The event in an original that may be too flawed to be checked (a name that comes twice): to see whom it names. Undefined
 * where it is no JSON object.
 */
export function readLoosely({ contentType, body }: Pick<Original, 'contentType' | 'body'>): JsonObject | undefined {
  try {
    const value = JSON.parse(body.toString()) as JsonValue
    const event = isEnvelopeType(contentType) && isJsonObject(value) ? value.data : value
    return isJsonObject(event) ? event : undefined
  } catch {
    return undefined
  }
}

/**
 * Whether what an event was rejected for is not in its original: `ce-` headers that could not be read are not kept, and
 * no edit of a contract mends them.
 */
export function wasRejectedForHeaders({ contentType }: Original, [first]: Pick<Violation, 'keyword'>[]): boolean {
  return first?.keyword === 'cloudevents' && !isEnvelopeType(contentType)
}

const isEnvelopeType = (contentType: string) => contentType.trim().toLowerCase().startsWith('application/cloudevents')
