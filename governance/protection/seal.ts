// AES-256-GCM (NIST SP 800-38D) sealing: a random 96-bit nonce per message, taken from a pooled random block, and
// associated data that binds the ciphertext to the place it belongs to.

import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject, randomFillSync } from 'node:crypto'

const NONCE_BYTES = 12
const TAG_BYTES = 16

export type SealingKey = KeyObject

const noncePool = Buffer.alloc(NONCE_BYTES * 512)
let nonceOffset = noncePool.length

/** A key for `seal` and `open`. @param key 32 bytes */
export function sealingKey(key: Buffer): SealingKey {
  return createSecretKey(key)
}

/** Seals a message: nonce ‖ ciphertext ‖ tag, 28 bytes longer than the message. */
export function seal(key: SealingKey, message: Buffer, associatedData: string): Buffer {
  if (nonceOffset === noncePool.length) {
    randomFillSync(noncePool)
    nonceOffset = 0
  }
  const nonce = noncePool.subarray(nonceOffset, nonceOffset + NONCE_BYTES)
  nonceOffset += NONCE_BYTES
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(Buffer.from(associatedData))
  return Buffer.concat([nonce, cipher.update(message), cipher.final(), cipher.getAuthTag()])
}

/**
 * Opens what `seal` made.
 * @throws Error when the key, the associated data or a single bit differs.
 */
export function open(key: SealingKey, sealed: Buffer, associatedData: string): Buffer {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw new Error('sealed message is too short')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAAD(Buffer.from(associatedData))
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES)), decipher.final()])
}
