// A field's value sealed under a person's key, as it stands in a stored event: `enc1.<base64url>`. Bound to its
// dataset, field and event, so that a ciphertext moved elsewhere does not open; padded, so that its length says little.

import type { JsonValue } from '../../storage/json.ts'
import { open, type SealingKey, seal } from './seal.ts'

const PREFIX = 'enc1.'
const SMALLEST_CLASS_BYTES = 16

/** Where a ciphertext belongs. `pointer` is the field's pattern in the schema, `eventId` the stored event id. */
export interface FieldPlace {
  dataset: string
  pointer: string
  eventId: string
}

/** Seals any JSON value for one place. */
export function sealField(key: SealingKey, value: JsonValue, place: FieldPlace): string {
  const text = JSON.stringify(value)
  const length = Buffer.byteLength(text)
  // JSON ignores white space at the end: padding needs no length of its own.
  const padded = Buffer.alloc(sizeClassBytes(length), ' ')
  padded.write(text)
  return PREFIX + seal(key, padded, associatedData(place)).toString('base64url')
}

/**
 * Opens what `sealField` made for this place.
 * @throws Error when key, place or a single bit differs
 */
export function openField(key: SealingKey, sealed: string, place: FieldPlace): JsonValue {
  if (!sealed.startsWith(PREFIX)) throw new Error('not a sealed field: it does not start with enc1.')
  const message = open(key, Buffer.from(sealed.slice(PREFIX.length), 'base64url'), associatedData(place))
  return JSON.parse(message.toString()) as JsonValue
}

/** The next power of two, 16 at least: what an onlooker learns of a length. */
function sizeClassBytes(length: number): number {
  let size = SMALLEST_CLASS_BYTES
  while (size < length) size *= 2
  return size
}

function associatedData({ dataset, pointer, eventId }: FieldPlace): string {
  return `enc1\0${dataset}\0${pointer}\0${eventId}`
}
