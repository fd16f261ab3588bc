// Reads CloudEvents 1.0.2: the envelope of the JSON event format, and its attributes wherever they came from. Violations
// name the specification's attributes only, never an extension and never a value.

import { isJsonObject, type JsonObject, type JsonValue } from '../../storage/json.ts'
import type { Violation } from '../contract/contract.ts'
import type { EventLimits } from './incoming-event.ts'
import { type ParsedEvent, parseStrict } from './strict-json.ts'

/** The context attributes that are used; extensions are checked and dropped. */
export interface CloudEventAttributes {
  id: string
  /** A URI-reference (RFC 3986). */
  source: string
  type: string
  /** RFC 3339, with an offset. */
  time?: string
  subject?: string
  /** A URI; more than the specification allows, a relative one too: transactions/1-0-0. */
  dataschema?: string
}

/** What was read, or what is wrong with it. */
export type Read<T> = (T & { violation?: never }) | { violation: Violation }

/** An attribute's rule: the test it has to pass, and what it is, as the end of a sentence. */
interface AttributeRule {
  required: boolean
  accepts: (value: string) => boolean
  is: string
}

const uriCharacters = "(?:[A-Za-z0-9._~:/?@!$&'()*+,;=\\[\\]-]|%[0-9A-Fa-f]{2})*"
const uriReference = new RegExp(`^(?:[A-Za-z][A-Za-z0-9+.-]*:|(?![^/?#]*:))${uriCharacters}(?:#${uriCharacters})?$`)
const mediaType = /^[\w!#$&^.+-]+\/([\w!#$&^.+-]+)\s*(?:;.*)?$/

const rules: Record<string, AttributeRule> = {
  specversion: { required: true, accepts: value => value === '1.0', is: '1.0, the version this gateway understands' },
  id: { required: true, accepts: () => true, is: 'a string that is not empty' },
  source: { required: true, accepts: value => uriReference.test(value), is: 'a URI-reference, percent-encoded' },
  type: { required: true, accepts: () => true, is: 'a string that is not empty' },
  time: { required: false, accepts: isTimestamp, is: 'an RFC 3339 time with an offset, as in 2026-01-31T10:30:00Z' },
  subject: { required: false, accepts: () => true, is: 'a string that is not empty' },
  dataschema: {
    required: false,
    accepts: value => value !== '' && uriReference.test(value),
    is: 'a URI that ends in the schema version, such as transactions/1-0-0',
  },
  datacontenttype: { required: false, accepts: isJsonType, is: 'application/json: an event is a JSON object' },
}

/**
 * An envelope's data and attributes. Violations have the keyword `cloudevents`, but those of the text in `data_base64`,
 * which are `parseStrict`'s.
 */
export function readEnvelope(
  envelope: JsonObject,
  limits: EventLimits,
): Read<{ data: JsonObject; attributes: CloudEventAttributes }> {
  const { data = null, data_base64: base64 = null, ...context } = envelope
  const read = readAttributes(context)
  if (read.violation) return read
  if (data !== null && base64 !== null)
    return broken('The event has both data and data_base64.', 'Send one of the two.')
  if (base64 === null) {
    if (isJsonObject(data)) return { data, attributes: read.attributes }
    return broken('The data of the event is not a JSON object.', 'Send the event in data, as an object.')
  }
  const parsed = parseBase64(base64, limits)
  return parsed.violation ? parsed : { data: parsed.value, attributes: read.attributes }
}

/** `context`: all members of an envelope but the data. A null is an absent attribute (JSON event format, 2.2). */
export function readAttributes(context: JsonObject): Read<{ attributes: CloudEventAttributes }> {
  for (const [name, rule] of Object.entries(rules)) {
    const value = context[name] ?? undefined
    if (value === undefined && !rule.required) continue
    if (typeof value === 'string' && value !== '' && rule.accepts(value)) continue
    const wrong = value === undefined ? 'is missing' : 'is not valid'
    return broken(`The CloudEvents attribute ${name} ${wrong}.`, `Send ${name} as ${rule.is}.`)
  }
  for (const [name, value] of Object.entries(context)) {
    if (!/^[a-z0-9]+$/.test(name)) {
      const detail = 'The name of a CloudEvents extension has other characters than a-z and 0-9.'
      return broken(detail, 'Rename the extension: lower-case ASCII letters and digits only.')
    }
    if (Object.hasOwn(rules, name) || isExtensionValue(value)) continue
    const detail = 'A CloudEvents extension is neither a string, a boolean nor a 32-bit integer.'
    return broken(detail, 'Send the extension as one of these, or put it into data.')
  }
  const { id, source, type, time, subject, dataschema } = context as JsonObject & CloudEventAttributes
  return {
    attributes: {
      id,
      source,
      type,
      ...(time && { time }),
      ...(subject && { subject }),
      ...(dataschema && { dataschema }),
    },
  }
}

function isExtensionValue(value: JsonValue): boolean {
  if (typeof value === 'number') return value === (value | 0)
  return value === null || typeof value === 'string' || typeof value === 'boolean'
}

function parseBase64(base64: JsonValue, limits: EventLimits): ParsedEvent {
  const bytes = Buffer.from(String(base64), 'base64')
  // Decoding is lenient; encoding again shows whether it had to be.
  if (typeof base64 === 'string' && bytes.toString('base64') === base64) return parseStrict(bytes, limits)
  return broken(
    'The data_base64 of the event is not base64 (RFC 4648, section 4).',
    'Encode it with padding, in one line.',
  )
}

/** RFC 3339, section 5.6, but for leap seconds, which nothing downstream can hold. */
function isTimestamp(value: string): boolean {
  const match = /^(\d{4}-\d\d-\d\d)t(\d\d:\d\d:[0-5]\d)(?:\.\d+)?(?:z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i.exec(value)
  if (match === null) return false
  const parsed = new Date(`${match[1]}T${match[2]}Z`)
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(`${match[1]}T${match[2]}`)
}

/** JSON as the JSON event format (3.1) defines it: the subtype is json, or ends with +json. */
function isJsonType(value: string): boolean {
  return /(?:^|\+)json$/i.test(mediaType.exec(value)?.[1] ?? '')
}

/** A violation of the specification. */
export function broken(detail: string, fix: string): { violation: Violation } {
  return { violation: { pointer: '', keyword: 'cloudevents', detail, fix } }
}
