// A load over HTTP: keep-alive connections, each with one request at a time.

import { Agent, request } from 'node:http'

export interface LoadResult {
  events: number
  seconds: number
  /** Milliseconds. */
  p50: number
  p99: number
}

/** Sends the bodies over `connections` connections. @throws Error for an answer other than 202 */
export async function load(
  target: { address: string; apiKey: string },
  bodies: Buffer[],
  eventsPerBody: number,
  connections: number,
): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const url = new URL('/v1/datasets/payments/events', target.address)
  const latenciesMs: number[] = []
  let next = 0
  const post = (body: Buffer) =>
    new Promise<void>((resolve, reject) => {
      const startMs = performance.now()
      const headers = {
        'content-type': 'application/json',
        'content-length': body.length,
        authorization: `Bearer ${target.apiKey}`,
      }
      const call = request(url, { method: 'POST', agent, headers }, response => {
        response.resume()
        response.on('end', () => {
          latenciesMs.push(performance.now() - startMs)
          if (response.statusCode === 202) resolve()
          else reject(new Error(`answered ${response.statusCode}`))
        })
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
  return { events: bodies.length * eventsPerBody, seconds, p50: at(0.5), p99: at(0.99) }
}
