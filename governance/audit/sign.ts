// Signed documents: one line of canonical JSON (RFC 8785), `{"payload":…,"signature":…}`, signed with Ed25519 (RFC 8032).
// Exact bytes are signed and every encoding is strict: a document with any single bit changed does not verify.

import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto'
import { isJsonObject, type JsonObject } from '../../storage/json.ts'
import { canonicalText, readBytes, readCanonical } from './exact-text.ts'

/** What is signed: `type` is `ecluse/<kind>/1`. */
export type SignedPayload = JsonObject & { type: string }

/** What was signed, and by which key. */
export interface Signed {
  payload: SignedPayload
  keyId: string
}

export interface Signer {
  /** 16 hex digits. */
  keyId: string
  /** SubjectPublicKeyInfo, PEM. */
  publicKeyPem: string
  /** The signed document: one line, without a line break. @throws Error for a payload with a lone surrogate */
  sign(payload: SignedPayload): string
}

/** The document was not signed by one of these keys, or was changed since; the message says why. */
export class SignatureInvalid extends Error {
  override name = 'SignatureInvalid'
}

const ALGORITHM = 'Ed25519'
const SEED_BYTES = 32
/** PKCS #8 of an Ed25519 key, up to its seed (RFC 8410). */
const PKCS8_START = Buffer.from('302e020100300506032b657004220420', 'hex')
const SIGNATURE_CONTEXT = 'ecluse-signature-1\n'
const PEM_BLOCK = /-----BEGIN PUBLIC KEY-----[\s\S]+?-----END PUBLIC KEY-----/g

/** @param seed the private key: 32 bytes. @throws RangeError for another length */
export function openSigner(seed: Buffer): Signer {
  if (seed.length !== SEED_BYTES) throw new RangeError('an Ed25519 seed is 32 bytes')
  const key = createPrivateKey({ key: Buffer.concat([PKCS8_START, seed]), format: 'der', type: 'pkcs8' })
  const publicKey = createPublicKey(key)
  const keyId = keyIdOf(publicKey)
  return {
    keyId,
    publicKeyPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    sign: payload => {
      const value = sign(null, signedBytes(payload), key).toString('base64url')
      return canonicalText({ payload, signature: { algorithm: ALGORITHM, keyId, value } })
    },
  }
}

/**
 * Verifies a signed document, exactly as it was made.
 * @param publicKeys PEM, each one key or several below each other
 * @throws SignatureInvalid, TextNotExact
 */
export function verifySigned(text: string, publicKeys: string[]): Signed {
  const { payload, signature, ...more } = readCanonical(text)
  if (!isJsonObject(payload) || !isJsonObject(signature) || Object.keys(more).length > 0)
    throw new SignatureInvalid('it is no signed document')
  const { algorithm, keyId, value, ...others } = signature
  if (algorithm !== ALGORITHM || Object.keys(others).length > 0 || typeof payload.type !== 'string')
    throw new SignatureInvalid('it is no signed document of this kind')
  const key = readPublicKeys(publicKeys).find(known => keyIdOf(known) === keyId)
  if (!key) throw new SignatureInvalid('it is signed by another key than those given')
  if (!verify(null, signedBytes(payload), key, readBytes(value, 'base64url')))
    throw new SignatureInvalid('the signature does not fit what is signed')
  return { payload: payload as SignedPayload, keyId: keyIdOf(key) }
}

/** @throws SignatureInvalid when there is no Ed25519 key among them */
function readPublicKeys(pems: string[]): KeyObject[] {
  const keys = (pems.join('\n').match(PEM_BLOCK) ?? []).flatMap(block => {
    try {
      return [createPublicKey(block)]
    } catch {
      return []
    }
  })
  const fitting = keys.filter(key => key.asymmetricKeyType === 'ed25519')
  if (fitting.length === 0) throw new SignatureInvalid('no Ed25519 public key (PEM) was given to verify with')
  return fitting
}

function keyIdOf(publicKey: KeyObject): string {
  return hash('sha256', Buffer.from(publicKey.export({ format: 'jwk' }).x!, 'base64url'), 'hex').slice(0, 16)
}

/** What the signature is over: no other protocol's message begins like it. */
function signedBytes(payload: JsonObject): Buffer {
  return Buffer.from(SIGNATURE_CONTEXT + canonicalText(payload))
}
