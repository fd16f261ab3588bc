// Slows whoever guesses credentials: so many failures of one address in a second, and no more is looked at from there.
// Tries that are under way count as if they failed, so that many at once get no further than one after the other.

import { LRUCache } from 'lru-cache'
import { Unauthenticated } from './authenticate.ts'
import { RequestRefused } from './body/request-refused.ts'

const WINDOW_MS = 1_000
/** Addresses remembered. */
const MAX_ADDRESSES = 10_000

interface Tries {
  windowFromMs: number
  failed: number
  underWay: number
  /** Those who wait for one that is under way. */
  waiting: (() => void)[]
}

export interface SlowGuessing {
  /**
   * Tries a credential that is not known to be good, once there is room.
   * @throws RequestRefused 429, without trying, where the address has failed too often
   */
  attempt<T>(address: string, authenticate: () => Promise<T>): Promise<T>
  /** Notes a failure of a credential that was let past. @throws RequestRefused 429 if it is one too many */
  noteFailure(address: string): void
}

export interface SlowGuessingOptions {
  /** Failures of one address in a second. */
  max: number
  now: () => number
  /** Told of each credential that is refused without a look. */
  onNotLookedAt: () => void
}

export function makeSlowGuessing({ max, now, onNotLookedAt }: SlowGuessingOptions): SlowGuessing {
  const byAddress = new LRUCache<string, Tries>({ max: MAX_ADDRESSES })

  function triesOf(address: string): Tries {
    const tries = byAddress.get(address) ?? { windowFromMs: now(), failed: 0, underWay: 0, waiting: [] }
    byAddress.set(address, tries)
    return tries
  }

  function isSpent(tries: Tries): boolean {
    const sinceMs = now() - tries.windowFromMs
    if (sinceMs >= WINDOW_MS || sinceMs < 0) {
      tries.windowFromMs = now()
      tries.failed = 0
    }
    return tries.failed >= max
  }

  function noteFailureOf(tries: Tries): void {
    const spent = isSpent(tries)
    tries.failed++
    if (spent) throw tooManyFailures()
  }

  const hasRoom = ({ failed, underWay }: Tries) => failed + underWay < max
  const wakeOne = ({ waiting }: Tries) => waiting.shift()?.()

  /** Begins a try, once there is room. @throws RequestRefused 429 */
  async function begin(tries: Tries): Promise<void> {
    while (!isSpent(tries)) {
      if (hasRoom(tries)) {
        tries.underWay++
        if (hasRoom(tries)) wakeOne(tries)
        return
      }
      const { promise, resolve } = Promise.withResolvers<void>()
      tries.waiting.push(resolve)
      await promise
    }
    onNotLookedAt()
    throw tooManyFailures()
  }

  async function attempt<T>(address: string, authenticate: () => Promise<T>): Promise<T> {
    const tries = triesOf(address)
    try {
      await begin(tries)
      try {
        return await authenticate()
      } catch (error) {
        if (error instanceof Unauthenticated) noteFailureOf(tries)
        throw error
      } finally {
        tries.underWay--
      }
    } finally {
      wakeOne(tries)
    }
  }

  return { attempt, noteFailure: address => noteFailureOf(triesOf(address)) }
}

function tooManyFailures(): RequestRefused {
  return new RequestRefused({
    status: 429,
    slug: 'too-many-requests',
    detail: 'Too many requests from this address carry no valid API key or token.',
    fix: 'Check the key or token, and wait for the time in Retry-After.',
    retryAfterSeconds: 1,
  })
}
