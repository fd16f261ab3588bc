// A request's progress as server-sent events, for as long as it is worked on and its reader may see it.

import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HeldRequest } from '../governance/subjects/request-store.ts'
import type { StoredRequest } from '../governance/subjects/rights-request.ts'
import { RequestRefused } from './body/request-refused.ts'
import type { GatewayDeps } from './gateway-deps.ts'

/** Streams of progress open at once, and for how long each, ms; and how often they look. */
const MAX_STREAMS = 100
const STREAM_MS = 600_000
const LOOK_MS = 500

interface Watching {
  /** Whether the caller may still do what they could when the stream began. */
  mayGoOn(): Promise<boolean>
  signal: AbortSignal
}

/** Makes streams of one kind of request. @param show what is shown of a request */
export function openProgressStreams(
  deps: Pick<GatewayDeps, 'people' | 'requests' | 'draining'>,
  show: (request: StoredRequest) => unknown,
) {
  let streams = 0

  async function* progress(first: HeldRequest, { mayGoOn, signal }: Watching): AsyncGenerator<string> {
    const { leaseMs } = deps.people
    const endMs = performance.now() + STREAM_MS
    let admittedMs = performance.now()
    let told = -1
    for (let held: HeldRequest | undefined = first; held; held = await deps.requests.get(first.body.id)) {
      if (held.version !== told) yield `event: progress\ndata: ${JSON.stringify(show(held.body))}\n\n`
      told = held.version
      if (held.body.finishedAt !== null || signal.aborted || performance.now() > endMs) return
      await sleep(LOOK_MS, undefined, { signal }).catch(() => {})
      if (performance.now() - admittedMs < leaseMs) continue
      if (!(await mayGoOn())) return
      admittedMs = performance.now()
    }
  }

  /**
   * @param admit rejects once the caller may see it no more
   * @throws RequestRefused 503 where too many are open
   */
  return (response: ServerResponse, admit: () => Promise<unknown>, first: HeldRequest): Readable => {
    if (streams >= MAX_STREAMS) throw tooManyStreams()
    streams++
    const closed = new AbortController()
    response.once('close', () => {
      streams--
      closed.abort()
    })
    const mayGoOn = () =>
      admit().then(
        () => true,
        () => false,
      )
    const signal = AbortSignal.any([closed.signal, ...(deps.draining ? [deps.draining] : [])])
    return Readable.from(progress(first, { mayGoOn, signal }))
  }
}

function tooManyStreams(): RequestRefused {
  return new RequestRefused({
    status: 503,
    slug: 'overloaded',
    detail: `${MAX_STREAMS} progress streams are open already.`,
    fix: 'Ask for the request itself from time to time, or wait for the time in Retry-After.',
    retryAfterSeconds: 10,
  })
}
