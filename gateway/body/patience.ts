// How long one body is waited for: for its next byte, for all of it, and for the rest of it once the gateway stops.
// Only time spent waiting counts; a slow log or vault is not the client's fault.

import type { Body } from './body.ts'
import { RequestRefused } from './request-refused.ts'

/** How long bodies are still waited for after the gateway was asked to stop. */
const STOPPING_MS = 1_000

export interface Patience {
  /** From here on we wait for the client. */
  begin(): void
  /** A byte came, and we wait on. */
  heard(): void
  /** We do not wait any more. */
  end(): void
}

/** @param refuse called once while waiting, when it took too long: with 408, or 503 when the gateway stops */
export function makePatience(
  { limits: { stallMs, requestMs }, stopping }: Pick<Body, 'limits' | 'stopping'>,
  refuse: (refusal: RequestRefused) => void,
): Patience {
  let leftMs = requestMs
  let late = () => bodyTooSlow(requestMs)
  let sinceMs = 0
  let stall: NodeJS.Timeout | undefined
  let deadline: NodeJS.Timeout | undefined

  const startDeadline = () => {
    sinceMs = performance.now()
    if (leftMs <= 0) refuse(late())
    else deadline = setTimeout(() => refuse(late()), leftMs)
  }
  const stopDeadline = () => {
    clearTimeout(deadline)
    leftMs -= performance.now() - sinceMs
  }
  const hasten = () => {
    leftMs = Math.min(leftMs, STOPPING_MS)
    late = isStopping
  }
  const hastenNow = () => {
    stopDeadline()
    hasten()
    startDeadline()
  }
  return {
    begin() {
      if (stopping?.aborted && late !== isStopping) hasten()
      stopping?.addEventListener('abort', hastenNow)
      stall = setTimeout(() => refuse(bodyStalled(stallMs)), stallMs)
      startDeadline()
    },
    heard() {
      stall?.refresh()
    },
    end() {
      stopping?.removeEventListener('abort', hastenNow)
      clearTimeout(stall)
      stopDeadline()
    },
  }
}

function bodyStalled(stallMs: number): RequestRefused {
  return new RequestRefused({
    status: 408,
    slug: 'body-stalled',
    detail: `No byte of the body came for ${stallMs} ms.`,
    fix: 'Send the request again; check that content-length is the number of bytes that are really sent.',
  })
}

function bodyTooSlow(requestMs: number): RequestRefused {
  return new RequestRefused({
    status: 408,
    slug: 'body-too-slow',
    detail: `The body did not arrive whole within ${requestMs} ms.`,
    fix: 'Send the events in several smaller requests, each without pauses.',
  })
}

function isStopping(): RequestRefused {
  return new RequestRefused({
    status: 503,
    slug: 'stopping',
    detail: 'The gateway is stopping and does not wait for the rest of this body.',
    fix: 'Send it again after the pause in Retry-After, over a new connection.',
    retryAfterSeconds: 1,
  })
}
