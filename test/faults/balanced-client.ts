// Sends as through a load balancer: to a gateway whose /readyz says yes, and to the other one when a connection is
// refused. Nothing is sent twice: any other answer than 202 is a failed request.

import type { IngestAnswer } from '../../gateway/outcome.ts'
import type { Fleet } from './fleet.ts'
import { type Ledger, nextEvent } from './ledger.ts'
import { holdsWithin, pauseMs } from './pause.ts'

/** How often a balancer asks, and how long it waits: together less than `DRAIN_MS`. */
const PROBE_MS = 100
const PROBE_LIMIT_MS = 1_000
/** How long a gateway must go on serving for the balancer to notice. */
export const DRAIN_MS = 3_000
const WAIT_MS = 60_000

export interface BalancedClient {
  /** Resolves when so many more requests were answered. */
  answers(more: number): Promise<void>
  stop(): Promise<{ requests: number; failed: string[] }>
}

export function startBalancedClient(options: { fleet: Fleet; ledger: Ledger; clients: number }): BalancedClient {
  const { fleet, ledger, clients } = options
  const ready = new Set(fleet.addresses())
  const failed: string[] = []
  let requests = 0
  let stopping = false
  let turn = 0

  async function probe(address: string): Promise<void> {
    while (!stopping) {
      const signal = AbortSignal.timeout(PROBE_LIMIT_MS)
      const isReady = await fetch(`${address}/readyz`, { signal }).then(
        ({ ok }) => ok,
        () => false,
      )
      if (isReady) ready.add(address)
      else ready.delete(address)
      await pauseMs(PROBE_MS)
    }
  }

  async function sendOne(client: number): Promise<void> {
    const { id, event } = nextEvent(ledger, `balanced-${client}`)
    const all = fleet.addresses()
    const candidates = [...all.filter(address => ready.has(address)), ...all]
    const start = turn++ % Math.max(1, ready.size)
    const order = [candidates[start]!, ...candidates]
    for (const address of order) {
      try {
        const response = await fetch(`${address}/v1/datasets/${fleet.dataset}/events`, {
          method: 'POST',
          headers: { authorization: `Bearer ${fleet.key('producer')}`, 'content-type': 'application/json' },
          body: JSON.stringify(event),
        })
        const answer = (await response.json()) as IngestAnswer
        if (response.status === 202 && answer.accepted === 1) ledger.accepted.add(id)
        else failed.push(`${response.status}: ${JSON.stringify(answer).slice(0, 300)}`)
        return
      } catch (error) {
        const { code } = (error as { cause?: { code?: string } }).cause ?? {}
        if (code !== 'ECONNREFUSED') return void failed.push(`${code}: ${error}`)
        ready.delete(address)
      }
    }
    failed.push('every gateway refused the connection')
  }

  async function send(client: number): Promise<void> {
    while (!stopping) {
      await sendOne(client)
      requests++
    }
  }

  const working = Promise.all([
    ...fleet.addresses().map(probe),
    ...Array.from({ length: clients }, (_, client) => send(client)),
  ])
  return {
    answers: async more => {
      const enough = requests + more
      await holdsWithin(WAIT_MS, `${more} more requests are answered`, () => requests >= enough)
    },
    stop: async () => {
      stopping = true
      await working
      return { requests, failed }
    },
  }
}
