// Who is calling: an API key, checked against its hash in the vault, or a JWT. A credential is remembered for one lease,
// so that a revoked key stops working within it.

import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Caller } from '../governance/access/caller.ts'
import type { Credential, Vault } from '../storage/vault/vault.ts'
import type { AuthenticateJwt } from './authenticate-jwt.ts'
import { RequestRefused } from './body/request-refused.ts'

const CACHED_CREDENTIALS = 10_000
/** eck_<16 hex digits: the key's id>_<43 base64url characters: 256 random bits>. */
const API_KEY = /^eck_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/

export interface NewApiKey {
  name?: string
  roles: string[]
  datasets: string[]
  nowMs: number
  /** How long it works, in days; for ever when left out. */
  days?: number | undefined
}

const DAY_MS = 86_400_000
export const MAX_KEY_DAYS = 36_500
/** One line. */
export const KEY_NAME_PATTERN = '^[^\\p{C}]{0,100}$'

/** Makes an API key: the text to hand out once, and what the vault keeps of it. */
export function makeApiKey({ name = '', roles, datasets, nowMs, days }: NewApiKey): {
  apiKey: string
  credential: Credential
} {
  const id = randomBytes(8).toString('hex')
  const secret = randomBytes(32).toString('base64url')
  const expiresAtMs = days === undefined ? null : nowMs + days * DAY_MS
  const secretSha256 = hash('sha256', secret)
  return {
    apiKey: `eck_${id}_${secret}`,
    credential: { id, name, secretSha256, roles, datasets, createdAtMs: nowMs, expiresAtMs },
  }
}

/** Why a credential was refused; `not-looked-at`: its address had failed too often. */
export type LoginFailureReason =
  | 'malformed'
  | 'unknown'
  | 'wrong-secret'
  | 'expired'
  | 'invalid-token'
  | 'not-looked-at'

/** A credential that was refused. Nothing of it is told but the id of an API key that exists. */
export interface LoginFailure {
  reason: LoginFailureReason
  keyId?: string
}

/** The caller has no valid credential; `failure` is for the audit alone, and missing when none was given at all. */
export class Unauthenticated extends RequestRefused {
  readonly failure: LoginFailure | undefined

  constructor(failure?: LoginFailure) {
    super({
      status: 401,
      slug: 'unauthenticated',
      detail: 'The request carries no valid API key or token.',
      fix: 'Send the header `Authorization: Bearer <API key or JWT>`; in development the keys are in dev-credentials.json in the data directory.',
    })
    this.failure = failure
  }
}

export interface Authenticator {
  /** Checks an `Authorization` header. @throws Unauthenticated */
  authenticate(authorization: string | undefined): Promise<Caller>
  /** Whether it was good when it was checked last: nobody who guesses has such a one. */
  wasGood(authorization: string | undefined): boolean
}

export interface AuthenticateDeps {
  vault: Vault
  /** How long a credential may be remembered. */
  leaseMs: number
  /** Milliseconds since the epoch. */
  now: () => number
  /** Where tokens are taken. */
  authenticateJwt?: AuthenticateJwt | undefined
}

export function makeAuthenticate({ vault, leaseMs, now, authenticateJwt }: AuthenticateDeps): Authenticator {
  const cache = new LRUCache<string, Credential>({ max: CACHED_CREDENTIALS, ttl: leaseMs })
  /** Hashes of headers. */
  const good = new LRUCache<string, true>({ max: CACHED_CREDENTIALS })

  async function authenticateKey(id: string, secret: string): Promise<Caller> {
    const cached = cache.get(id)
    const credential = cached ?? (await vault.findCredential(id))
    if (!credential) throw new Unauthenticated({ reason: 'unknown' })
    if (!sameSecret(credential, secret)) throw new Unauthenticated({ reason: 'wrong-secret', keyId: id })
    if (isExpired(credential, now())) throw new Unauthenticated({ reason: 'expired', keyId: id })
    if (!cached) cache.set(id, credential)
    return { id, kind: 'api-key', roles: credential.roles, datasets: credential.datasets }
  }

  async function check(authorization: string): Promise<Caller> {
    const text = authorization.replace(/^Bearer +/i, '')
    const [, id, secret] = API_KEY.exec(text) ?? []
    if (id !== undefined) return authenticateKey(id, secret!)
    if (authenticateJwt) return authenticateJwt(text)
    throw new Unauthenticated({ reason: 'malformed' })
  }

  return {
    authenticate: async authorization => {
      if (!authorization) throw new Unauthenticated()
      try {
        const caller = await check(authorization)
        good.set(hash('sha256', authorization), true)
        return caller
      } catch (error) {
        if (error instanceof Unauthenticated) good.delete(hash('sha256', authorization))
        throw error
      }
    },
    wasGood: authorization => authorization !== undefined && good.has(hash('sha256', authorization)),
  }
}

function sameSecret(credential: Credential, secret: string): boolean {
  return timingSafeEqual(hash('sha256', secret, 'buffer'), Buffer.from(credential.secretSha256, 'hex'))
}

function isExpired({ expiresAtMs }: Credential, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs
}
