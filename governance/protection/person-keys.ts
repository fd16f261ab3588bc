// The keys of one person, derived from the one key that the vault keeps sealed: destroy that, and everything made
// with these is noise. One HKDF sub-key per use (RFC 5869).

import { hkdfSync } from 'node:crypto'
import { type MacKey, macKey } from './mac.ts'
import { type SealingKey, sealingKey } from './seal.ts'

export interface PersonKeys {
  /** Tokens of the default domain, `person`. */
  token: MacKey
  /** Event ids that come from a personal field. */
  eventId: MacKey
  /** Tells a second copy of an event from a conflict. */
  content: MacKey
  /** Field values. */
  field: SealingKey
  /** Originals of rejected events. */
  quarantine: SealingKey
  /** The raw id, in the vault. */
  id: SealingKey
}

/**
 * Derives a person's keys, each when it is first used.
 * @param secret the person's key: 32 random bytes
 */
export function personKeys(secret: Buffer): PersonKeys {
  const derive = (use: string) => Buffer.from(hkdfSync('sha256', secret, '', `ecluse/1/${use}`, 32))
  return {
    get token() {
      return memo(this, 'token', macKey(derive('token')))
    },
    get eventId() {
      return memo(this, 'eventId', macKey(derive('event-id')))
    },
    get content() {
      return memo(this, 'content', macKey(derive('content')))
    },
    get field() {
      return memo(this, 'field', sealingKey(derive('field')))
    },
    get quarantine() {
      return memo(this, 'quarantine', sealingKey(derive('quarantine')))
    },
    get id() {
      return memo(this, 'id', sealingKey(derive('id')))
    },
  }
}

/** Replaces a getter by its value. */
function memo<T>(keys: object, name: string, value: T): T {
  Object.defineProperty(keys, name, { value, enumerable: true })
  return value
}
