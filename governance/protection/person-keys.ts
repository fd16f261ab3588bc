// The keys of one person, derived from the one key that the vault keeps sealed: destroy that, and everything made
// with these is noise. One HKDF sub-key per use (RFC 5869).

import { deriveKey, type MacKey, mac, macKey } from './mac.ts'
import { type SealingKey, sealingKey } from './seal.ts'
import { formatToken } from './token.ts'

/** Tokens remembered for one person, at most. */
const REMEMBERED_TOKENS = 8
/** Longer inputs (UTF-16 units) are not remembered: many persons' would fill the memory. */
const REMEMBERED_LENGTH = 256

export interface PersonKeys {
  /** Token of a value in the default domain, `person`: HMAC-SHA-256 in base64url. */
  token(input: string): string
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
  /** Packages of what is stored of the person. */
  package: SealingKey
  /** What is personal in an entry of the audit. */
  audit: SealingKey
  /** Finds the entries about this person: `tok1.audit.0.…`, the same for all of them. */
  auditTag: string
}

/**
 * Derives a person's keys, each when it is first used.
 * @param secret the person's key: 32 random bytes
 */
export function personKeys(secret: Buffer): PersonKeys {
  const derive = (use: string) => deriveKey(secret, `ecluse/1/${use}`)
  return {
    get token() {
      return memo(this, 'token', rememberingMac(macKey(derive('token'))))
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
    get package() {
      return memo(this, 'package', sealingKey(derive('package')))
    },
    get audit() {
      return memo(this, 'audit', sealingKey(derive('audit')))
    },
    get auditTag() {
      const tag = mac(macKey(derive('audit-tag')), 'person', 'base64url')
      return memo(this, 'auditTag', formatToken('audit', 0, tag))
    },
  }
}

/** The same person sends the same e-mail with every event: the last few MACs are remembered, as long as the keys are. */
function rememberingMac(key: MacKey): (input: string) => string {
  // A list, for so few: a map would enter each input into V8's table of all strings.
  let known: { input: string; made: string }[] = []
  return input => {
    for (const each of known) if (each.input === input) return each.made
    const made = mac(key, input, 'base64url')
    if (input.length > REMEMBERED_LENGTH) return made
    if (known.length >= REMEMBERED_TOKENS) known = []
    known.push({ input, made })
    return made
  }
}

/** Replaces a getter by its value. */
function memo<T>(keys: object, name: string, value: T): T {
  Object.defineProperty(keys, name, { value, enumerable: true })
  return value
}
