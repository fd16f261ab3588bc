// Tokens and ciphertexts as they stand in stored events. Self-describing, so that a reader knows what it holds
// without the policy: format, domain, key.

import { randomBytes } from 'node:crypto'
import canonicalize from 'canonicalize'
import type { JsonObject, JsonValue } from '../../storage/json.ts'

/** The default domain: tokens under the person's own key, which die with it. */
export const PERSON_DOMAIN = 'person'

/** 128 bits as base64url. */
const MAC_LENGTH = 22

/** JSON Schema of a person's pseudonym: 128 random bits, no hash of anything. */
export const pseudonymSchema: JsonObject = { type: 'string', pattern: '^p1\\.[A-Za-z0-9_-]{22}$' }

/** A new pseudonym. */
export function newPseudonym(): string {
  return `p1.${randomBytes(16).toString('base64url')}`
}

/** JSON Schema of a token. */
export function tokenSchema(domain: string): JsonObject {
  return { type: 'string', pattern: `^tok1\\.${domain}\\.[0-9]+\\.[A-Za-z0-9_-]{${MAC_LENGTH}}$` }
}

/** JSON Schema of a ciphertext. */
export const ciphertextSchema: JsonObject = { type: 'string', pattern: '^enc1\\.[A-Za-z0-9_-]{38,}$' }

/**
 * `tok1.<domain>.<key id>.<first 128 bits of the MAC, base64url>`.
 * @param macBase64url HMAC-SHA-256 in base64url
 */
export function formatToken(domain: string, keyId: number, macBase64url: string): string {
  return `tok1.${domain}.${keyId}.${macBase64url.slice(0, MAC_LENGTH)}`
}

/** The number of the key a token was made with; undefined for another text. */
export function tokenKeyId(token: string): number | undefined {
  const [format, , keyId] = token.split('.')
  return format === 'tok1' ? Number(keyId) : undefined
}

/** What a token is made over: the value's type and content, so that 1 and "1" differ. Strings in NFC. */
export function tokenInput(value: JsonValue): string {
  return typeof value === 'string' ? `s:${value.normalize('NFC')}` : `j:${canonicalize(value)}`
}
