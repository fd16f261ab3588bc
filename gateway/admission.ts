// How many requests, and how many bytes of bodies, may be at work at once. Whoever comes on top is asked to come back.

import type { Config } from '../runtime/config.ts'
import { RequestRefused } from './body/request-refused.ts'

/** A body whose length is not declared counts as this much from the start, or as the body limit if that is less. */
const UNDECLARED_BYTES = 1_048_576

export interface Admitted {
  /** Told of the body's bytes that are held in memory: those beyond what the request was admitted with count on top. */
  reserve(bytes: number): void
  /** To be called once, when the request is done: all it had is free again. */
  leave(): void
}

/** Admits a request. Refuses with RequestRefused 503 here and in `reserve`. */
export type Admit = (contentLength: string | undefined) => Admitted

export function makeAdmission(
  config: Pick<Config, 'maxConcurrentRequests' | 'maxInflightBytes' | 'maxBodyBytes'>,
): Admit {
  let requests = 0
  let inflightBytes = 0
  const hold = (bytes: number) => {
    if (inflightBytes + bytes > config.maxInflightBytes) throw overloaded()
    inflightBytes += bytes
  }
  return contentLength => {
    let heldBytes = Math.min(
      contentLength === undefined ? UNDECLARED_BYTES : Number(contentLength),
      config.maxBodyBytes,
    )
    if (requests >= config.maxConcurrentRequests) throw overloaded()
    hold(heldBytes)
    requests++
    let arrivedBytes = 0
    return {
      reserve(bytes) {
        const beyond = arrivedBytes + bytes - heldBytes
        if (beyond > 0) {
          hold(beyond)
          heldBytes += beyond
        }
        arrivedBytes += bytes
      },
      leave() {
        requests--
        inflightBytes -= heldBytes
      },
    }
  }
}

function overloaded(): RequestRefused {
  return new RequestRefused({
    status: 503,
    slug: 'overloaded',
    detail: 'The gateway is at work on as much as it may hold at once.',
    fix: 'Send it again after the pause in Retry-After.',
    retryAfterSeconds: 1,
  })
}
