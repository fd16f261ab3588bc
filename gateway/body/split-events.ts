// Finds where each event's text stands in a JSON body, in one pass over its bytes. It judges the frame only (brackets,
// commas, the end): what is wrong inside one event stays that event's rejection, and no value is read.

import { endOfString } from '../../governance/ingestion/depth-of.ts'
import type { BodyLimits } from './limits.ts'
import { RequestRefused } from './request-refused.ts'

/** One event's text: bytes `start` to `end` (exclusive) of the body, and its levels of nesting. */
export interface EventSpan {
  start: number
  end: number
  depth: number
}

/** What a body may be: one object, an array, or either. */
export type BodyShape = 'object' | 'array' | 'either'

const quote = 0x22
const comma = 0x2c
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * The spans of a body's events: an array's elements, or the one object.
 * Throws `RequestRefused`: 400 with the byte offset and what was expected there, 413 for too many or too large events.
 */
export function splitEvents(body: Buffer, limits: BodyLimits, shape: BodyShape = 'either'): EventSpan[] {
  const start = skipSpace(body, 0)
  refuseOpening(body, start, shape)
  const nesting = { kinds: new Uint8Array(64), depth: 0 }
  const spans: EventSpan[] = []
  let at = start
  if (body[start] === openBrace) {
    at = addEvent(body, start, nesting, spans, limits)
  } else {
    at = skipSpace(body, start + 1)
    if (body[at] === closeBracket) at++
    else at = addElements(body, at, nesting, spans, limits)
  }
  const rest = skipSpace(body, at)
  if (rest < body.length) {
    throw notJson(rest, 'the end of the body', 'To send events one after another, use application/x-ndjson.')
  }
  return spans
}

interface Nesting {
  /** The opening bracket of each level: one byte a level, so that a body of nothing but brackets stays small. */
  kinds: Uint8Array
  /** Deepest level of the last event. */
  depth: number
}

/** Adds an array's elements from the first on; returns the offset after its closing bracket. */
function addElements(body: Buffer, first: number, nesting: Nesting, spans: EventSpan[], limits: BodyLimits): number {
  let at = first
  for (;;) {
    at = skipSpace(body, addEvent(body, at, nesting, spans, limits))
    if (body[at] === closeBracket) return at + 1
    if (body[at] !== comma) throw notJson(at, '"," or "]"')
    at = skipSpace(body, at + 1)
  }
}

function addEvent(body: Buffer, start: number, nesting: Nesting, spans: EventSpan[], limits: BodyLimits): number {
  const end = endOfValue(body, start, nesting)
  if (end === start) throw notJson(start, 'an event', 'Take away the comma that no event follows.')
  if (spans.length === limits.events) throw tooManyEvents(limits)
  if (end - start > limits.lineBytes) throw eventTooLarge(limits, spans.length)
  spans.push({ start, end, depth: nesting.depth })
  return end
}

/** The offset after the value at `start`: after its closing bracket, or at the comma or bracket that ends it. */
function endOfValue(body: Buffer, start: number, nesting: Nesting): number {
  let depth = 0
  let deepest = 0
  let { kinds } = nesting
  const { length } = body
  for (let i = start; i < length; i++) {
    const byte = body[i]!
    if (byte === quote) i = endOfString(body, i)
    else if (byte === openBrace || byte === openBracket) {
      if (depth === kinds.length) kinds = grow(nesting)
      kinds[depth++] = byte
      if (depth > deepest) deepest = depth
    } else if (byte === closeBrace || byte === closeBracket) {
      // In ASCII a closing bracket stands two after its opening one.
      if (depth > 0 && kinds[depth - 1] !== byte - 2) throw notJson(i, byte === closeBrace ? '"]"' : '"}"')
      if (depth <= 1) {
        nesting.depth = deepest
        return depth === 1 ? i + 1 : trimEnd(body, start, i)
      }
      depth--
    } else if (byte === comma && depth === 0) {
      nesting.depth = deepest
      return trimEnd(body, start, i)
    }
  }
  throw notJson(length, depth > 0 ? `"${kinds[depth - 1] === openBrace ? '}' : ']'}"` : '"," or "]"')
}

function grow(nesting: Nesting): Uint8Array {
  const kinds = new Uint8Array(nesting.kinds.length * 4)
  kinds.set(nesting.kinds)
  nesting.kinds = kinds
  return kinds
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && isSpace(bytes[at]!)) at++
  return at
}

function trimEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = end
  while (at > start && isSpace(bytes[at - 1]!)) at--
  return at
}

/** JSON's four (RFC 8259): space, tab, line feed, carriage return. */
function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function refuseOpening(body: Buffer, start: number, shape: BodyShape): void {
  if (start === body.length) throw bodyEmpty()
  const byte = body[start]
  if (byte === 0xef || byte === 0xfe || byte === 0xff) {
    throw notJson(start, 'JSON', 'Send UTF-8 without a byte order mark.')
  }
  if (byte === openBrace && shape !== 'array') return
  if (byte === openBracket && shape !== 'object') return
  if (shape === 'array') throw notJson(start, '"["', 'A batch is an array; one event goes as one object.')
  if (shape === 'object') throw notJson(start, '"{"', 'This content type carries one event, a JSON object.')
  throw notJson(start, '"{" or "["')
}

function notJson(offset: number, expected: string, fix = 'Send valid JSON: an object, or an array of objects.') {
  const detail = `The body is not JSON: expected ${expected} at byte ${offset}.`
  return new RequestRefused({ status: 400, slug: 'body-not-json', detail, fix })
}

/** 400: there is nothing but white space. */
export function bodyEmpty(): RequestRefused {
  return new RequestRefused({
    status: 400,
    slug: 'body-empty',
    detail: 'The body is empty.',
    fix: 'Send one event as a JSON object, or several as an array or as NDJSON.',
  })
}

/** 413: the request holds more events than one may. */
export function tooManyEvents({ events }: BodyLimits): RequestRefused {
  return new RequestRefused({
    status: 413,
    slug: 'too-many-events',
    detail: `The request holds more than ${events} events.`,
    fix: 'Send the events in several smaller requests.',
  })
}

/** 413: one event, counted from 0, is longer than one may be. */
export function eventTooLarge({ lineBytes }: BodyLimits, index: number): RequestRefused {
  return new RequestRefused({
    status: 413,
    slug: 'event-too-large',
    detail: `Event ${index} has more than ${lineBytes} bytes.`,
    fix: 'Make the event smaller; in NDJSON, check that every event ends with a line feed.',
  })
}
