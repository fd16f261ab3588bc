// Who is calling: an API key, checked against its hash in the vault. A credential is remembered for one lease, so that
// a revoked key stops working within it.

import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Credential, Vault } from '../storage/vault/vault.ts'
import { RequestRefused } from './body/request-refused.ts'

export type Role = 'producer' | 'data-owner' | 'data-steward' | 'data-engineer' | 'analyst' | 'dpo' | 'auditor'

const CACHED_CREDENTIALS = 10_000
/** eck_<16 hex digits: the key's id>_<43 base64url characters: 256 random bits>. */
const API_KEY = /^eck_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/

/** Makes an API key: the text to hand out once, and what the vault keeps of it. */
export function makeApiKey(
  role: Role,
  datasets: string[],
  nowMs: number,
  expiresAtMs: number | null = null,
): { apiKey: string; credential: Credential } {
  const id = randomBytes(8).toString('hex')
  const secret = randomBytes(32).toString('base64url')
  const credential = { id, secretSha256: hash('sha256', secret), role, datasets, createdAtMs: nowMs, expiresAtMs }
  return { apiKey: `eck_${id}_${secret}`, credential }
}

/** Checks an `Authorization` header. */
export type Authenticate = (authorization: string | undefined) => Promise<Credential>

/** @param leaseMs how long a credential may be remembered */
export function makeAuthenticate(vault: Vault, leaseMs: number, now: () => number): Authenticate {
  const cache = new LRUCache<string, Credential>({ max: CACHED_CREDENTIALS, ttl: leaseMs })
  return async authorization => {
    const [, id, secret] = API_KEY.exec(authorization?.replace(/^Bearer +/i, '') ?? '') ?? []
    if (id === undefined) throw unauthenticated()
    const cached = cache.get(id)
    const credential = cached ?? (await vault.findCredential(id))
    if (!credential || !sameSecret(credential, secret!) || isExpired(credential, now())) throw unauthenticated()
    if (!cached) cache.set(id, credential)
    return credential
  }
}

/** @throws RequestRefused 403 unless the credential has one of these roles and may touch the dataset */
export function authorise(credential: Credential, roles: Role[], dataset?: string): void {
  const rolesFit = roles.includes(credential.role as Role)
  const datasetFits =
    dataset === undefined || credential.datasets.includes('*') || credential.datasets.includes(dataset)
  if (rolesFit && datasetFits) return
  throw new RequestRefused({
    status: 403,
    slug: 'forbidden',
    detail: rolesFit ? 'This API key is for other datasets.' : `This API key has the role ${credential.role}.`,
    fix: rolesFit
      ? 'Ask for a key that covers this dataset.'
      : `Use a key with the role ${roles.join(' or ')}; \`ecluse keys create\` makes one.`,
  })
}

function sameSecret(credential: Credential, secret: string): boolean {
  return timingSafeEqual(hash('sha256', secret, 'buffer'), Buffer.from(credential.secretSha256, 'hex'))
}

function isExpired({ expiresAtMs }: Credential, nowMs: number): boolean {
  return expiresAtMs !== null && expiresAtMs <= nowMs
}

function unauthenticated(): RequestRefused {
  return new RequestRefused({
    status: 401,
    slug: 'unauthenticated',
    detail: 'The request carries no valid API key.',
    fix: 'Send the header `Authorization: Bearer <API key>`; in development the keys are in dev-credentials.json in the data directory.',
  })
}
