// HMAC-SHA-256 (RFC 2104) of short texts, fast: the two padded key blocks are computed once, then each MAC is two
// one-shot hashes. Measured at 0.45 to 0.8 of `createHmac` with a KeyObject; a test holds it equal to that.

import { hash } from 'node:crypto'

const BLOCK_BYTES = 64
const DIGEST_BYTES = 32
/** Texts up to this many UTF-16 units use the shared scratch buffer. */
const SCRATCH_TEXT_LENGTH = 4_096

const scratch = Buffer.alloc(BLOCK_BYTES + SCRATCH_TEXT_LENGTH * 3)

export interface MacKey {
  inner: Buffer
  /** The outer block, with room for the inner digest behind it. */
  outer: Buffer
}

/** Prepares a key of at most 64 bytes for `mac`. @throws RangeError for a longer one. */
export function macKey(key: Buffer): MacKey {
  if (key.length > BLOCK_BYTES) throw new RangeError('a MAC key is at most 64 bytes')
  const inner = Buffer.alloc(BLOCK_BYTES, 0x36)
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c)
  for (let i = 0; i < key.length; i++) {
    inner[i] = 0x36 ^ key[i]!
    outer[i] = 0x5c ^ key[i]!
  }
  return { inner, outer }
}

/** HMAC-SHA-256 of the text's UTF-8 bytes: 32 bytes. */
export function mac(key: MacKey, text: string): Buffer {
  const message = text.length <= SCRATCH_TEXT_LENGTH ? scratch : Buffer.alloc(BLOCK_BYTES + Buffer.byteLength(text))
  key.inner.copy(message)
  const length = BLOCK_BYTES + message.write(text, BLOCK_BYTES)
  hash('sha256', message.subarray(0, length), 'buffer').copy(key.outer, BLOCK_BYTES)
  return hash('sha256', key.outer, 'buffer')
}
