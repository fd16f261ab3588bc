// Parses one event's text strictly: what JSON leaves open (duplicate names, lost digits, lone surrogates) is a
// violation here, never a repair. A violation tells the byte offset and never a name or a value of the event.

import { isUtf8 } from 'node:buffer'
import { parse as parseLossless } from 'lossless-json'
import { isJsonObject, type JsonObject } from '../../storage/json.ts'
import type { Violation } from '../contract/contract.ts'
import { depthOf } from './depth-of.ts'
import { findFlaw } from './find-flaw.ts'
import type { EventLimits } from './incoming-event.ts'

export type ParsedEvent = { value: JsonObject; violation?: never } | { value?: never; violation: Violation }

/**
 * One event from its text. `depth` is its levels of nesting, where they are known already.
 * Violations: `utf8`, `depth`, `json`, `type`, and `duplicate`, `number`, `name`, `string` of `find-flaw.ts`.
 */
export function parseStrict(bytes: Buffer, limits: EventLimits, depth = depthOf(bytes)): ParsedEvent {
  if (!isUtf8(bytes)) return violation('utf8', 'The event is not valid UTF-8.', 'Encode the event as UTF-8.')
  if (depth > limits.depth) {
    const detail = `The event has ${depth} levels of nested objects and arrays; ${limits.depth} are allowed.`
    return violation('depth', detail, 'Make the event flatter.')
  }
  const text = bytes.toString('utf8')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return notJson(text)
  }
  if (!isJsonObject(value)) {
    return violation('type', 'The event is not a JSON object.', 'Send each event as an object: {"name": value, …}.')
  }
  if (!isProvenFlawless(text, value, limits.stringLength)) {
    const flaw = findFlaw(text, limits.stringLength)
    if (flaw !== undefined) {
      return violation(flaw.keyword, `${flaw.detail}, at byte ${byteOffset(text, flaw.at)} of the event.`, flaw.fix)
    }
  }
  return { value }
}

/**
 * Text that comes back the same lost nothing. Where it differs (spaces, `1.0`, escapes), or holds one of the few flaws
 * that come back the same, it has to be read closely: several times slower, so not done for every event.
 */
function isProvenFlawless(text: string, value: JsonObject, stringLength: number): boolean {
  return (
    text.length <= stringLength &&
    JSON.stringify(value) === text &&
    !text.includes('\\ud') &&
    !text.includes('__proto__') &&
    !text.includes('constructor') &&
    !text.includes('prototype')
  )
}

function notJson(text: string): ParsedEvent {
  if (text.startsWith('\ufeff')) {
    return violation('json', 'The event begins with a byte order mark.', 'Send UTF-8 without a byte order mark.')
  }
  return violation(
    'json',
    `The event is not valid JSON${whereNotJson(text)}.`,
    'Write the event with a JSON library, and send it whole.',
  )
}

/** V8 does not always tell the place; lossless-json does, beside content that must not be shown. */
function whereNotJson(text: string): string {
  try {
    parseLossless(text)
  } catch (error) {
    const position = /at position (\d+)$/.exec((error as Error).message)?.[1]
    if (position !== undefined) return ` at byte ${byteOffset(text, Number(position))}`
  }
  return ''
}

function byteOffset(text: string, position: number): number {
  return Buffer.byteLength(text.slice(0, position))
}

function violation(keyword: string, detail: string, fix: string): ParsedEvent {
  return { violation: { pointer: '', keyword, detail, fix } }
}
