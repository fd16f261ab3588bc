// Tokens (JWT, RFC 7519) of the identity provider that the settings name, checked by its published keys (JWKS). Nothing
// in a token says how it is checked: issuer, audience, algorithms and keys are ours alone (RFC 8725).

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { createRemoteJWKSet, customFetch, errors, type JWTPayload, jwtVerify } from 'jose'
import type { Caller } from '../governance/access/caller.ts'
import type { Config } from '../runtime/config.ts'
import { Unauthenticated } from './authenticate.ts'
import { RequestRefused } from './body/request-refused.ts'

/** A longer token is refused unread. */
const MAX_TOKEN_BYTES = 8_192
const MAX_JWKS_BYTES = 262_144
const JWKS_MS = 5_000
/** An unknown key makes the key set be fetched again, no more often than this. */
const COOLDOWN_MS = 30_000
/** After a failure the key set is left alone for so long; tokens are answered 503 meanwhile. */
const FAILURE_PAUSE_MS = 1_000
/** A key that was taken out of the set is refused after this at the latest. */
const CACHE_MS = 600_000
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** @throws Unauthenticated for a token that is not valid; RequestRefused 503 while the keys cannot be had */
export type AuthenticateJwt = (token: string) => Promise<{ caller: Caller; expiresAtMs: number }>

/** Undefined where no identity provider is set. */
export function makeAuthenticateJwt(config: Config, now: () => number): AuthenticateJwt | undefined {
  const { jwtIssuer: issuer, jwtAudience: audience, jwtJwks } = config
  if (!issuer || !audience || !jwtJwks) return undefined
  const findKey = openKeySet(jwtJwks, now)
  return async token => {
    if (token.length > MAX_TOKEN_BYTES || !COMPACT.test(token)) throw new Unauthenticated({ reason: 'malformed' })
    const verified = await jwtVerify(token, findKey, {
      issuer,
      audience,
      algorithms: config.jwtAlgorithms,
      clockTolerance: config.jwtClockSkewMs / 1_000,
      currentDate: new Date(now()),
      requiredClaims: ['sub', 'exp'],
    }).catch(error => {
      throw refusalOf(error)
    })
    return { caller: callerOf(verified.payload, config), expiresAtMs: verified.payload.exp! * 1_000 }
  }
}

/** A server or a file, read again when it may have changed; all that ask at once share one reading. */
function openKeySet(jwks: string, now: () => number): ReturnType<typeof createRemoteJWKSet> {
  const isServer = /^https?:/.test(jwks)
  let failedAtMs = Number.NEGATIVE_INFINITY
  const read = async (url: string, init: RequestInit): Promise<Response> => {
    const sinceMs = now() - failedAtMs
    if (sinceMs >= 0 && sinceMs < FAILURE_PAUSE_MS) throw new Error('the key set could not be had a moment ago')
    try {
      const bytes = isServer ? await download(url, init) : await readFile(jwks)
      if (bytes.length > MAX_JWKS_BYTES) throw new Error('the key set is too large')
      const keySet = JSON.parse(bytes.toString('utf8'))
      if (!Array.isArray(keySet?.keys)) throw new Error('this is no key set')
      return Response.json(keySet)
    } catch (error) {
      failedAtMs = now()
      throw error
    }
  }
  return createRemoteJWKSet(isServer ? new URL(jwks) : pathToFileURL(jwks), {
    timeoutDuration: JWKS_MS,
    cooldownDuration: COOLDOWN_MS,
    cacheMaxAge: CACHE_MS,
    [customFetch]: read,
  })
}

async function download(url: string, init: RequestInit): Promise<Buffer> {
  const response = await fetch(url, init)
  if (response.status !== 200 || !response.body) throw new Error(`the key set’s server answers ${response.status}`)
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of response.body) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_JWKS_BYTES) break
    chunks.push(chunk)
  }
  if (sizeBytes > MAX_JWKS_BYTES) throw new Error('the key set is too large')
  return Buffer.concat(chunks)
}

/** Whatever is not clearly the token's fault is ours, or the identity provider's: it lets nobody in. */
function refusalOf(error: unknown): RequestRefused {
  if (error instanceof errors.JWTExpired) return new Unauthenticated({ reason: 'expired' })
  const tokensFault = [
    errors.JWSInvalid,
    errors.JWTInvalid,
    errors.JWTClaimValidationFailed,
    errors.JOSEAlgNotAllowed,
    errors.JOSENotSupported,
    errors.JWSSignatureVerificationFailed,
    errors.JWKSNoMatchingKey,
    errors.JWKSMultipleMatchingKeys,
  ]
  if (tokensFault.some(fault => error instanceof fault)) return new Unauthenticated({ reason: 'invalid-token' })
  const refusal = new RequestRefused({
    status: 503,
    slug: 'unavailable',
    detail:
      'The keys that tokens are checked by cannot be had: the identity provider (ECLUSE_JWT_JWKS) does not answer.',
    fix: 'Send it again after the pause in Retry-After, or use an API key.',
    retryAfterSeconds: 1,
  })
  // For the log.
  refusal.cause = error
  return refusal
}

/** A subject is a person: of its name only a hash goes on. */
function callerOf(claims: JWTPayload, { jwtRolesClaim, jwtDatasetsClaim }: Config): Caller {
  if (typeof claims.sub !== 'string' || claims.sub === '') throw new Unauthenticated({ reason: 'invalid-token' })
  const id = createHash('sha256').update(`${claims.iss}\0${claims.sub}`).digest('hex').slice(0, 16)
  const roles = textsOf(claims, jwtRolesClaim)
  return { id: `jwt:${id}`, kind: 'jwt', roles, datasets: textsOf(claims, jwtDatasetsClaim) }
}

/** A list of texts, or one text with spaces between; nothing for whatever else stands there. */
function textsOf(claims: JWTPayload, name: string): string[] {
  const claim = Object.hasOwn(claims, name) ? claims[name] : undefined
  if (typeof claim === 'string') return claim.split(' ').filter(part => part !== '')
  return Array.isArray(claim) && claim.every(part => typeof part === 'string') ? claim : []
}
