// Posts events to a gateway over HTTP, as any producer would, and tries again while that makes sense. Its errors
// never hold an event's values.

import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { JsonObject } from '../../storage/json.ts'

const ATTEMPTS = 6
const FIRST_PAUSE_MS = 200
const LONGEST_PAUSE_MS = 30_000

export interface PostOptions {
  /** The gateway's address, for example http://127.0.0.1:8080. */
  url: string
  apiKey: string
  dataset: string
  events: JsonObject[]
  signal?: AbortSignal
  /** For one attempt; 30,000 by default. */
  timeoutMs?: number
}

/** What the gateway made of the events. */
export interface PostAnswer {
  received: number
  accepted: number
  suppressed: number
  rejected: number
  results: { index: number; id?: string; outcome: string; retryable?: boolean; problem?: JsonObject }[]
}

/** The gateway refused the whole request, and would again: a wrong key, an unknown dataset … */
export class PostRefused extends Error {
  override name = 'PostRefused'
  status: number
  constructor(status: number, problem: string) {
    super(`the gateway answered ${status}${problem && `: ${problem}`}`)
    this.status = status
  }
}

/** The gateway could not be reached, or was not ready, in all attempts; the `cause` is the last failure. */
export class PostFailed extends Error {
  override name = 'PostFailed'
}

/**
 * Posts the events in one request. Tries again after 429, 503 and network failures, as late as `Retry-After` asks
 * (RFC 9110, section 10.2.3), else after a growing, random pause. Safe, as events keep their ids: one
 * `Idempotency-Key` for all attempts names those without.
 * @throws PostRefused, PostFailed; the signal's reason when it is aborted
 */
export async function postEvents(options: PostOptions): Promise<PostAnswer> {
  const idempotencyKey = randomUUID()
  for (let attempt = 1; ; attempt++) {
    options.signal?.throwIfAborted()
    const outcome = await tryOnce(options, idempotencyKey)
    options.signal?.throwIfAborted()
    if ('answer' in outcome) return outcome.answer
    if (attempt === ATTEMPTS) throw new PostFailed(`no answer after ${ATTEMPTS} attempts`, { cause: outcome.failure })
    await pauseUnlessAborted(outcome.pauseMs ?? backOffMs(attempt), options.signal)
  }
}

type Outcome = { answer: PostAnswer } | { failure: Error; pauseMs?: number }

async function tryOnce(options: PostOptions, idempotencyKey: string): Promise<Outcome> {
  const { url, apiKey, dataset, events, signal, timeoutMs = 30_000 } = options
  const timeout = AbortSignal.timeout(timeoutMs)
  let response: Response
  let text: string
  try {
    response = await fetch(new URL(`/v1/datasets/${encodeURIComponent(dataset)}/events`, url), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': idempotencyKey,
      },
      body: JSON.stringify(events),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
    text = await response.text()
  } catch (error) {
    return { failure: error as Error }
  }
  const body = parseObject(text)
  if ((response.status === 202 || response.status === 422) && typeof body.received === 'number') {
    return { answer: body as unknown as PostAnswer }
  }
  const refused = new PostRefused(response.status, String(body.detail ?? body.title ?? ''))
  if (response.status !== 429 && response.status !== 503) throw refused
  const pauseMs = retryAfterMs(response.headers.get('retry-after'))
  return pauseMs === undefined ? { failure: refused } : { failure: refused, pauseMs }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    return Object(JSON.parse(text))
  } catch {
    return {}
  }
}

/** Seconds, or an HTTP date; undefined for neither. */
function retryAfterMs(value: string | null): number | undefined {
  if (value === null) return undefined
  const ms = /^\d+$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - Date.now()
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_PAUSE_MS)
}

function backOffMs(attempt: number): number {
  return Math.random() * Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS)
}

async function pauseUnlessAborted(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await pause(ms, undefined, signal ? { signal } : {}).catch(error => {
    throw signal?.reason ?? error
  })
}
