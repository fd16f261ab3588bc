// A request while this process works on it: its claim is renewed, its stages are kept, one write after the other.

import { setTimeout as sleep } from 'node:timers/promises'
import type { SealingKey } from '../governance/protection/seal.ts'
import type { HeldRequest, RequestStore } from '../governance/subjects/request-store.ts'
import { type SealedContent, type StoredRequest, sealContent } from '../governance/subjects/rights-request.ts'
import { RequestWaits, type RunningRequest } from '../governance/subjects/running-request.ts'
import type { JsonValue } from '../storage/json.ts'

/** Between two looks at what is waited for: at least this, and a tenth of what was waited already. */
const LOOK_MS = 50
const LOOK_SHARE = 10
/** How long a stage waits before the request makes room for others. */
const PATIENCE_MS = 5_000

export interface OwnRequest extends RunningRequest {
  body(): StoredRequest
  /** Gives it what it says; before that it has no content and no stages. */
  open(key: SealingKey, content: SealedContent): void
  /** @throws ClaimLost when another process took it over */
  write(change: Partial<StoredRequest>, expiresAtMs?: number): Promise<void>
  /** Ends the renewal of the claim. */
  letGo(): void
}

/** @param options.isPatient whether it waits for some seconds at its first stage too; not one that did so before */
export function holdRequest(
  { store, now }: { store: RequestStore; now: () => number },
  claimed: HeldRequest,
  { claimMs, isPatient, signal }: { claimMs: number; isPatient: boolean; signal: AbortSignal },
): OwnRequest {
  let patienceMs = isPatient ? PATIENCE_MS : 0
  let held = claimed
  let key: SealingKey | undefined
  let lost: Error | undefined
  let turn: Promise<unknown> = Promise.resolve()
  const content = {} as SealedContent

  function write(change: Partial<StoredRequest>, expiresAtMs?: number): Promise<void> {
    const next = turn.then(async () => {
      held = await store.write(held, change, expiresAtMs)
    })
    turn = next.catch(() => {})
    return next
  }

  const renewal = setInterval(() => {
    write({ ownedUntilMs: now() + claimMs }).catch(error => {
      lost = error
    })
  }, claimMs / 3)
  renewal.unref()

  async function stage<T>(name: string, work: () => Promise<T>): Promise<T> {
    if (Object.hasOwn(content.progress, name)) return content.progress[name] as T
    signal.throwIfAborted()
    if (lost) throw lost
    const result = await work()
    await keep(name, result as JsonValue, [...held.body.stages, { name, at: new Date(now()).toISOString() }])
    patienceMs = PATIENCE_MS
    return result
  }

  async function keep(name: string, value: JsonValue, stages = held.body.stages): Promise<void> {
    content.progress[name] = value
    await write({ sealed: sealContent(key!, held.body.id, content), stages, ownedUntilMs: now() + claimMs })
  }

  return {
    id: claimed.body.id,
    filed: claimed.body,
    content,
    body: () => held.body,
    open: (opened, sealed) => {
      key = opened
      Object.assign(content, sealed)
    },
    write,
    letGo: () => clearInterval(renewal),
    stage,
    keep: (name, value) => keep(name, value),
    tellHolder: (name, records, verified) => {
      const others = held.body.holders.filter(holder => holder.name !== name)
      const verifiedAt = verified ? new Date(now()).toISOString() : null
      return write({ holders: [...others, { name, records, verifiedAt }] })
    },
    wait: async ms => {
      // A timer may be early by a fraction.
      await sleep(ms + 1, undefined, { signal })
      if (lost) throw lost
    },
    waitUntil: async holds => {
      const startedMs = performance.now()
      while (!(await holds())) {
        if (lost) throw lost
        const waitedMs = performance.now() - startedMs
        if (waitedMs >= patienceMs) throw new RequestWaits('it waits until processors have caught up; others go on')
        await sleep(Math.max(LOOK_MS, waitedMs / LOOK_SHARE), undefined, { signal })
      }
    },
  }
}
