// A load over HTTP: keep-alive connections, each with one request at a time. Every answer is read and looked at.

import { Agent, request } from 'node:http'

export interface Target {
  address: string
  apiKey: string
}

export interface LoadResult {
  /** All of them acknowledged. */
  events: number
  seconds: number
  p50Ms: number
  p99Ms: number
}

/**
 * Sends the bodies, of `eventsPerBody` events each, over so many connections.
 * @throws Error for an answer other than 202 with every event accepted
 */
export async function load(
  target: Target,
  bodies: Buffer[],
  { contentType, eventsPerBody, connections }: { contentType: string; eventsPerBody: number; connections: number },
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const url = new URL('/v1/datasets/payments/events', target.address)
  const latenciesMs: number[] = []
  let next = 0
  const post = (body: Buffer) =>
    new Promise<void>((resolve, reject) => {
      const startMs = performance.now()
      const headers = {
        'content-type': contentType,
        'content-length': body.length,
        authorization: `Bearer ${target.apiKey}`,
      }
      const call = request(url, { method: 'POST', agent, headers }, response => {
        const chunks: Buffer[] = []
        response.on('data', chunk => chunks.push(chunk))
        response.on('end', () => {
          latenciesMs.push(performance.now() - startMs)
          const text = Buffer.concat(chunks).toString()
          if (response.statusCode === 202 && acceptedIn(text) === eventsPerBody) resolve()
          else reject(new Error(`${target.address} answered ${response.statusCode}: ${text.slice(0, 500)}`))
        })
        response.on('error', reject)
      })
      call.on('error', reject)
      call.end(body)
    })
  const client = async () => {
    while (next < bodies.length) await post(bodies[next++]!)
  }
  const startMs = performance.now()
  await Promise.all(Array.from({ length: connections }, client))
  const seconds = (performance.now() - startMs) / 1_000
  agent.destroy()
  latenciesMs.sort((a, b) => a - b)
  const at = (share: number) => latenciesMs[Math.floor(latenciesMs.length * share)]!
  return { events: bodies.length * eventsPerBody, seconds, p50Ms: at(0.5), p99Ms: at(0.99) }
}

function acceptedIn(text: string): number {
  const { results } = JSON.parse(text) as { results?: { outcome?: string }[] }
  return results?.filter(({ outcome }) => outcome === 'accepted').length ?? 0
}
