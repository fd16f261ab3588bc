// Texts of which no bit may differ: each value has one encoding, and any other is refused. Lenient readers (JSON's spaces,
// base64's loose bits) would let a changed file pass for the one that was signed.

import canonicalize from 'canonicalize'
import { isJsonObject, type JsonObject } from '../../storage/json.ts'

/** The text is not exactly what was written; the message says how, and repeats nothing of it. */
export class TextNotExact extends Error {
  override name = 'TextNotExact'
}

/** RFC 8785. @throws Error for a lone surrogate */
export function canonicalText(value: JsonObject): string {
  return canonicalize(value)!
}

/** Reads an object from its canonical text (RFC 8785). @throws TextNotExact for any other text */
export function readCanonical(text: string): JsonObject {
  let value: unknown
  let canonical: string | undefined
  try {
    value = JSON.parse(text)
    canonical = canonicalize(value)
  } catch {
    // told below
  }
  if (canonical !== text || !isJsonObject(value)) throw new TextNotExact('it is not canonical JSON (RFC 8785)')
  return value
}

/** @throws TextNotExact for bytes that are no UTF-8; a byte order mark counts as text */
export function readUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new TextNotExact('it is not UTF-8')
  }
}

/** @throws TextNotExact for what another text would decode to as well */
export function readBytes(text: unknown, encoding: 'base64' | 'base64url' | 'hex'): Buffer {
  const bytes = typeof text === 'string' ? Buffer.from(text, encoding) : undefined
  if (bytes?.toString(encoding) !== text) throw new TextNotExact(`a value is not exact ${encoding}`)
  return bytes as Buffer
}

const HASH_BYTES = 32

/** @throws TextNotExact for what is no SHA-256 in small hex digits */
export function readHash(text: unknown): Buffer {
  const bytes = readBytes(text, 'hex')
  if (bytes.length !== HASH_BYTES) throw new TextNotExact('a hash is not 32 bytes long')
  return bytes
}
