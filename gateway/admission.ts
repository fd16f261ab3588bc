// How many requests, and how many bytes of bodies, may be at work at once. Whoever comes on top is asked to come back.

import type { Config } from '../runtime/config.ts'
import { RequestRefused } from './body/request-refused.ts'

/** A body whose length is not declared counts as this much, or as the body limit if that is less. */
const UNDECLARED_BYTES = 1_048_576

/** Admits a request, or refuses it with 503; what it returns must be called once when the request is done. */
export type Admit = (contentLength: string | undefined) => () => void

export function makeAdmission(
  config: Pick<Config, 'maxConcurrentRequests' | 'maxInflightBytes' | 'maxBodyBytes'>,
): Admit {
  let requests = 0
  let inflightBytes = 0
  return contentLength => {
    const bytes = Math.min(contentLength === undefined ? UNDECLARED_BYTES : Number(contentLength), config.maxBodyBytes)
    if (requests >= config.maxConcurrentRequests || inflightBytes + bytes > config.maxInflightBytes) throw overloaded()
    requests++
    inflightBytes += bytes
    return () => {
      requests--
      inflightBytes -= bytes
    }
  }
}

function overloaded(): RequestRefused {
  return new RequestRefused({
    status: 503,
    slug: 'overloaded',
    detail: 'The gateway is at work on as much as it may hold at once; nothing of this request was stored.',
    fix: 'Send it again after the pause in Retry-After.',
    retryAfterSeconds: 1,
  })
}
