// Sessions of the pages: a cookie that scripts cannot read, sealed under a key of the vault, so that any gateway can
// open it and nobody can make one. It names whose credential was shown and holds nothing of the credential itself.

import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Caller } from '../governance/access/caller.ts'
import { open, type SealingKey, seal } from '../governance/protection/seal.ts'
import { type Authenticator, type Identified, Unauthenticated } from './authenticate.ts'
import { RequestRefused } from './body/request-refused.ts'

const REMEMBERED_SESSIONS = 10_000
/** Longer than any that is sealed here. */
const MAX_COOKIE_LENGTH = 4_000
const PLACE = 'session/1'

/** What a cookie holds, sealed. */
interface SealedSession {
  caller: Caller
  /** Of an API key: which one exactly, so that another of the same id is none of it. Null for a token. */
  secretSha256: string | null
  /** Milliseconds since the epoch. */
  endsAtMs: number
}

export interface Session {
  caller: Caller
  endsAtMs: number
}

export interface Sessions {
  /**
   * Seals a session for who was identified: to the setting's end, or the credential's where that comes before.
   * @throws RequestRefused 400 where a token names so much that no cookie holds it
   */
  begin(identified: Identified): { cookie: string; seconds: number; session: Session }
  /** Whether this is one of ours, whatever has become of it since. */
  isOurs(cookie: string): boolean
  /**
   * Who it is. Of an API key, checked against the vault like the key itself: remembered for one lease.
   * @throws Unauthenticated for one that is none, or over, or whose API key is revoked or over
   */
  check(cookie: string): Promise<Session>
}

export interface SessionsDeps {
  key: SealingKey
  authenticator: Pick<Authenticator, 'checkAgain'>
  sessionMs: number
  leaseMs: number
  /** Milliseconds since the epoch. */
  now: () => number
}

export function makeSessions({ key, authenticator, sessionMs, leaseMs, now }: SessionsDeps): Sessions {
  /** By the cookie's hash: whose API key it is, and until when, on the monotonic clock, it need not be looked up. */
  const remembered = new LRUCache<string, { caller: Caller; untilMs: number }>({ max: REMEMBERED_SESSIONS })

  function opened(cookie: string): SealedSession | undefined {
    if (cookie.length > MAX_COOKIE_LENGTH) return undefined
    try {
      return JSON.parse(open(key, Buffer.from(cookie, 'base64url'), PLACE).toString()) as SealedSession
    } catch {
      return undefined
    }
  }

  return {
    begin: ({ caller, secretSha256, expiresAtMs }) => {
      const endsAtMs = Math.min(now() + sessionMs, expiresAtMs ?? Number.POSITIVE_INFINITY)
      const content: SealedSession = { caller, secretSha256, endsAtMs }
      const cookie = seal(key, Buffer.from(JSON.stringify(content)), PLACE).toString('base64url')
      if (cookie.length > MAX_COOKIE_LENGTH) throw namesTooMuch()
      const seconds = Math.max(1, Math.floor((endsAtMs - now()) / 1_000))
      return { cookie, seconds, session: { caller, endsAtMs } }
    },
    isOurs: cookie => opened(cookie) !== undefined,
    check: async cookie => {
      const session = opened(cookie)
      if (!session) throw new Unauthenticated({ reason: 'malformed' })
      const { caller, secretSha256, endsAtMs } = session
      if (endsAtMs <= now()) throw new Unauthenticated()
      if (secretSha256 === null) return { caller, endsAtMs }
      const place = hash('sha256', cookie)
      const known = remembered.get(place)
      if (known && performance.now() < known.untilMs) return { caller: known.caller, endsAtMs }
      const untilMs = performance.now() + leaseMs
      remembered.delete(place)
      const found = await authenticator.checkAgain(caller.id, secretSha256)
      remembered.set(place, { caller: found, untilMs })
      return { caller: found, endsAtMs }
    },
  }
}

function namesTooMuch(): RequestRefused {
  return new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: 'This token names more roles and datasets than a session can hold.',
    fix: 'Use a token with `*` in place of many datasets, or an API key.',
  })
}
