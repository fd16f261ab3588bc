// Refused credentials, counted and recorded: one bounded entry a minute, however many there were, so that whoever tries
// keys fills no log. No address, and nothing of what was tried.

import type { JsonObject } from '../../storage/json.ts'
import type { Audit } from './audit.ts'

/** How often they are recorded. */
export const LOGIN_FAILURES_MS = 60_000
/** API keys named in one entry; failures of further ones are summed. */
const MAX_NAMED_KEYS = 50

export interface LoginFailures {
  /** @param failure.keyId of an API key that exists */
  onLoginFailure(failure: { reason: string; keyId?: string }): void
  /** Records what was counted since the last time. What cannot be recorded counts the next time. @throws EventLogUnavailable */
  flush(): Promise<void>
}

export function countLoginFailures(audit: Audit, now: () => number): LoginFailures {
  let since = now()
  const reasons = new Map<string, number>()
  const keys = new Map<string, number>()

  const add = (counts: Map<string, number>, name: string, count: number) =>
    counts.set(name, (counts.get(name) ?? 0) + count)

  const addKey = (keyId: string, count: number) =>
    add(keys, keys.has(keyId) || keys.size < MAX_NAMED_KEYS ? keyId : 'others', count)

  return {
    onLoginFailure: ({ reason, keyId }) => {
      add(reasons, reason, 1)
      if (keyId !== undefined) addKey(keyId, 1)
    },
    flush: async () => {
      const from = since
      const counted = { reasons: new Map(reasons), keys: new Map(keys) }
      since = now()
      reasons.clear()
      keys.clear()
      if (counted.reasons.size === 0) return
      const details: JsonObject = {
        from: new Date(from).toISOString(),
        to: new Date(since).toISOString(),
        reasons: Object.fromEntries(counted.reasons),
        keys: Object.fromEntries(counted.keys),
      }
      try {
        await audit.record({ kind: 'login-failures', actor: 'ecluse', details })
      } catch (error) {
        since = from
        for (const [reason, count] of counted.reasons) add(reasons, reason, count)
        for (const [key, count] of counted.keys) addKey(key, count)
        throw error
      }
    },
  }
}
