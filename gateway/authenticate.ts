// Who is calling: an API key, checked against its hash in the vault, or a JWT. A key that was good is remembered for one
// lease, so that a revoked one stops working within it.

import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Caller } from '../governance/access/caller.ts'
import type { Credential, Vault } from '../storage/vault/vault.ts'
import type { AuthenticateJwt } from './authenticate-jwt.ts'
import { RequestRefused } from './body/request-refused.ts'

const REMEMBERED_HEADERS = 10_000
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

/** A credential that was good. */
export interface Identified {
  caller: Caller
  /** Hex, of an API key; null for a token. */
  secretSha256: string | null
  /** Milliseconds since the epoch; null: never. */
  expiresAtMs: number | null
}

export interface Authenticator {
  /** Checks an `Authorization` header. @throws Unauthenticated */
  authenticate(authorization: string | undefined): Promise<Identified>
  /** Whose an API key is that was shown before. @throws Unauthenticated once it is revoked or over, or another */
  checkAgain(id: string, secretSha256: string): Promise<Caller>
  /**
   * What is remembered of a header that was good when it was checked last: nobody who guesses has such a one. With its
   * caller where it need not be checked again.
   */
  recall(authorization: string | undefined): { caller: Caller | undefined } | undefined
}

/** A header that was good. */
interface Good extends Identified {
  /** Until when it need not be checked again, on the monotonic clock (performance.now). */
  untilMs: number
}

export interface AuthenticateDeps {
  vault: Vault
  /** How long an API key may be remembered. */
  leaseMs: number
  /** Milliseconds since the epoch. */
  now: () => number
  /** Where tokens are taken. */
  authenticateJwt?: AuthenticateJwt | undefined
}

export function makeAuthenticate({ vault, leaseMs, now, authenticateJwt }: AuthenticateDeps): Authenticator {
  /** By the header's hash. */
  const remembered = new LRUCache<string, Good>({ max: REMEMBERED_HEADERS })

  async function checkKey(id: string, secret: string): Promise<Good> {
    const untilMs = performance.now() + leaseMs
    const credential = await vault.findCredential(id)
    if (!credential) throw new Unauthenticated({ reason: 'unknown' })
    const { roles, datasets, expiresAtMs, secretSha256 } = credential
    if (!sameSecret(credential, secret)) throw new Unauthenticated({ reason: 'wrong-secret', keyId: id })
    if (isExpired(credential, now())) throw new Unauthenticated({ reason: 'expired', keyId: id })
    return { caller: { id, kind: 'api-key', roles, datasets }, untilMs, secretSha256, expiresAtMs }
  }

  async function check(authorization: string): Promise<Good> {
    const text = authorization.replace(/^Bearer +/i, '')
    const [, id, secret] = API_KEY.exec(text) ?? []
    if (id !== undefined) return checkKey(id, secret!)
    // A token is checked each time.
    if (authenticateJwt) return { ...(await authenticateJwt(text)), untilMs: 0, secretSha256: null }
    throw new Unauthenticated({ reason: 'malformed' })
  }

  return {
    authenticate: async authorization => {
      if (!authorization) throw new Unauthenticated()
      const key = hash('sha256', authorization)
      try {
        const good = await check(authorization)
        remembered.set(key, good)
        return good
      } catch (error) {
        if (error instanceof Unauthenticated) remembered.delete(key)
        throw error
      }
    },
    checkAgain: async (id, secretSha256) => {
      const credential = await vault.findCredential(id)
      if (credential?.secretSha256 !== secretSha256 || isExpired(credential, now())) throw new Unauthenticated()
      return { id, kind: 'api-key', roles: credential.roles, datasets: credential.datasets }
    },
    recall: authorization => {
      const good = authorization && remembered.get(hash('sha256', authorization))
      if (!good) return undefined
      return { caller: performance.now() < good.untilMs && !isExpired(good, now()) ? good.caller : undefined }
    },
  }
}

function sameSecret(credential: Credential, secret: string): boolean {
  return timingSafeEqual(hash('sha256', secret, 'buffer'), Buffer.from(credential.secretSha256, 'hex'))
}

function isExpired({ expiresAtMs }: Pick<Credential, 'expiresAtMs'>, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs
}
