// Runs persons' requests: takes up those that wait, works on each under a claim, and resumes what a process that died
// left behind. A request is never given up: what cannot go on says why, and is tried again.

import { randomUUID } from 'node:crypto'
import { RequestBlocked, RequestFailed } from '../governance/subjects/find-asked.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import { ClaimLost, type HeldRequest, type RequestStore } from '../governance/subjects/request-store.ts'
import {
  openContent,
  type RequestKind,
  requestKeyName,
  type StoredRequest,
} from '../governance/subjects/rights-request.ts'
import { type RequestResult, RequestWaits, type RunningRequest } from '../governance/subjects/running-request.ts'
import { every } from '../runtime/every.ts'
import { loggable } from '../runtime/loggable.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { holdRequest, type OwnRequest } from './hold-request.ts'

/** Pause before what failed is tried again: doubles from the first to the last. */
const FIRST_PAUSE_MS = 1_000
const LAST_PAUSE_MS = 300_000
/** Likewise before a blocked request looks whether it still is: so it goes on five minutes after a hold was lifted at most. */
const FIRST_BLOCKED_PAUSE_MS = 5_000

/** The work of one kind of request. */
export type RequestWork = (request: RunningRequest) => Promise<RequestResult>

export interface RunRequestsDeps {
  store: RequestStore
  vault: Pick<Vault, 'deleteKey'>
  ring: Pick<KeyRing, 'findRequestKey' | 'keepRequestKey'>
  work: Partial<Record<RequestKind, RequestWork>>
  logger: Logger
  now: () => number
  /** How often it is looked for requests, ms, and how many are worked on at once. */
  intervalMs: number
  concurrency: number
  /** A process that says nothing of its requests for so long is taken for dead, and another one goes on, ms. */
  claimMs: number
  /** How long a finished request is kept, ms. */
  keptMs: number
}

/** Starts looking for requests; the returned function stops it, and resolves once none is at work. */
export function startRequests(deps: RunRequestsDeps): () => Promise<void> {
  const owner = randomUUID()
  const stopping = new AbortController()
  const running = new Map<string, Promise<void>>()
  /** Of requests that could not go on: the last pause, and how many stages were done before it. */
  const pauses = new Map<string, { ms: number; stages: number }>()

  const stopLooking = every(
    deps.intervalMs,
    async () => {
      for (const held of await deps.store.findUnclaimed(deps.now())) {
        const { id, kind } = held.body
        if (running.size >= deps.concurrency || stopping.signal.aborted) break
        if (running.has(id) || !deps.work[kind]) continue
        running.set(
          id,
          runOne(held).finally(() => running.delete(id)),
        )
      }
    },
    deps.logger,
  )

  async function runOne(unclaimed: HeldRequest): Promise<void> {
    const { id } = unclaimed.body
    let held: HeldRequest
    try {
      held = await deps.store.write(unclaimed, { owner, ownedUntilMs: deps.now() + deps.claimMs })
    } catch (error) {
      // Somebody else has it.
      if (error instanceof ClaimLost) return
      return deps.logger.error({ request: id, err: loggable(error as Error) }, 'a request could not be taken up')
    }
    const isPatient = pauses.get(id)?.stages !== held.body.stages.length
    const request = holdRequest(deps, held, { claimMs: deps.claimMs, isPatient, signal: stopping.signal })
    try {
      await finish(deps, request, await work(deps, request))
      pauses.delete(id)
    } catch (error) {
      await interrupted(request, error as Error)
    } finally {
      request.letGo()
    }
  }

  async function interrupted(request: OwnRequest, error: Error): Promise<void> {
    const { id } = request
    if (error instanceof ClaimLost) return void pauses.delete(id)
    const stopped = stopping.signal.aborted
    const isExpected = error instanceof RequestBlocked || error instanceof RequestWaits
    if (!isExpected && !stopped)
      deps.logger.error({ request: id, err: loggable(error) }, 'a request was interrupted; it will be tried again')
    const because = isExpected ? error.message : `interrupted (${error.name}); it is tried again`
    const { sealed, stages } = request.body()
    const change: Partial<StoredRequest> = {
      // Of one that failed and is not ended yet, the reason is there already.
      ...(!stopped && sealed !== null && { because }),
      ...(error instanceof RequestBlocked && { state: 'blocked' }),
      owner: null,
      ownedUntilMs: stopped ? 0 : deps.now() + pauseOf(id, stages.length, error),
    }
    // Should this fail too, the claim ends by itself.
    await request.write(change).catch(() => {})
  }

  /** Doubles from one time to the next, as long as no stage is done between. */
  function pauseOf(id: string, stages: number, error: Error): number {
    const before = pauses.get(id)
    const first = error instanceof RequestBlocked ? FIRST_BLOCKED_PAUSE_MS : FIRST_PAUSE_MS
    const ms = before?.stages === stages ? Math.min(Math.max(first, before.ms * 2), LAST_PAUSE_MS) : first
    pauses.set(id, { ms, stages })
    return ms
  }

  return async () => {
    stopping.abort()
    await stopLooking()
    await Promise.all(running.values())
  }
}

/** How a request ends; members that are not there stand in it already. */
interface End {
  state: 'done' | 'failed'
  because: string | null
}

/** Does what is left to do; nothing is done again of a request that only lacks its end. */
async function work({ ring, ...deps }: RunRequestsDeps, request: OwnRequest): Promise<End> {
  const { kind, sealed, outcome, because } = request.body()
  if (outcome !== null) return { state: 'done', because: null }
  if (sealed === null) return { state: 'failed', because }
  try {
    const key = await ring.findRequestKey(request.id)
    if (!key)
      throw new RequestFailed('what the request says cannot be opened: the vault does not hold its key. File it again.')
    request.open(key, openContent(key, request.id, sealed))
    // Of one whose filing died before its answer.
    await ring.keepRequestKey(request.id)
    await request.write({ state: 'running', because: null })
    const result = await deps.work[kind]!(request)
    await request.write({ ...result })
    return { state: 'done', because: null }
  } catch (error) {
    if (error instanceof RequestFailed) return { state: 'failed', because: error.message }
    throw error
  }
}

/**
 * What was sealed is destroyed; that the request was, and how it ended, stays. The claim is proven before the key goes:
 * who lost it destroys nothing of what another process works with.
 */
async function finish({ vault, now, keptMs }: RunRequestsDeps, request: OwnRequest, end: End): Promise<void> {
  const emptied = { sealed: null, sealedExtension: null }
  await request.write({ ...emptied, because: end.because })
  await vault.deleteKey(requestKeyName(request.id))
  request.letGo()
  const finishedAtMs = now()
  const finishedAt = new Date(finishedAtMs).toISOString()
  await request.write({ ...emptied, ...end, active: 0, finishedAt, owner: null }, finishedAtMs + keptMs)
}
