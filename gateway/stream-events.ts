// Answers that go on (server-sent events): bounded in number and time, ended when the caller leaves, when the process
// stops, and within a lease of the moment from which the caller may not any more.

import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { RequestRefused } from './body/request-refused.ts'
import type { Gateway, GatewayDeps } from './gateway-deps.ts'

/** Streams of one kind open at once, and for how long each, ms; and how often they look. */
const MAX_STREAMS = 100
const STREAM_MS = 600_000

/** What is to be sent, unless it is what was sent last; `over` ends the stream after it. */
export interface StreamedEvent {
  event: string
  data: unknown
  over?: boolean
}

export interface EventStreamOptions {
  /** How often it looks for something to send, ms. */
  lookMs: number
}

/** One kind of stream. @returns answers a request with what `look` gives, again and again */
export function makeEventStream(
  app: Gateway,
  { people, draining }: Pick<GatewayDeps, 'people' | 'draining'>,
  { lookMs }: EventStreamOptions,
) {
  let streams = 0

  async function* lines(
    request: FastifyRequest,
    look: () => Promise<StreamedEvent | undefined>,
    signal: AbortSignal,
  ): AsyncGenerator<string> {
    const endMs = performance.now() + STREAM_MS
    let admittedMs = performance.now()
    let told = ''
    for (;;) {
      const found = await look()
      if (!found) return
      const data = JSON.stringify(found.data)
      if (data !== told) yield `event: ${found.event}\ndata: ${data}\n\n`
      told = data
      if (found.over || signal.aborted || performance.now() > endMs) return
      await sleep(lookMs, undefined, { signal }).catch(() => {})
      if (performance.now() - admittedMs < people.leaseMs) continue
      const mayGoOn = await app.admit(request).then(
        () => true,
        () => false,
      )
      if (!mayGoOn) return
      admittedMs = performance.now()
    }
  }

  /** @throws RequestRefused 503 where too many are open */
  return (request: FastifyRequest, reply: FastifyReply, look: () => Promise<StreamedEvent | undefined>) => {
    if (streams >= MAX_STREAMS) throw tooManyStreams()
    streams++
    const closed = new AbortController()
    reply.raw.once('close', () => {
      streams--
      closed.abort()
    })
    const signal = AbortSignal.any([closed.signal, ...(draining ? [draining] : [])])
    return reply
      .type('text/event-stream')
      .header('cache-control', 'no-store')
      .send(Readable.from(lines(request, look, signal)))
  }
}

function tooManyStreams(): RequestRefused {
  return new RequestRefused({
    status: 503,
    slug: 'overloaded',
    detail: `${MAX_STREAMS} streams of this kind are open already.`,
    fix: 'Ask for what is streamed from time to time, or wait for the time in Retry-After.',
    retryAfterSeconds: 10,
  })
}
