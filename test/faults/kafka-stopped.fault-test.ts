// Kafka as a whole stands still under load: what the gateway holds must stay bounded, and come free by itself.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { kafka } from './engine-set.ts'
import { faultRun, faultTest } from './fault.ts'
import { pauseMs } from './pause.ts'

/** Two minutes; in a single round, as in CI, a quarter of it. */
const STOPPED_MS = 120_000
const SHORT_MS = 30_000
/** What may wait for Kafka, and what the process may hold of memory while it does. */
const QUEUE_BYTES = 16 * 1_048_576
const MAX_RSS_MIB = 512
const LOOK_MS = 250

const rssMib = (pid: number) =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1_024

faultTest({
  name: 'Kafka stands still under load',
  promise: `producers are answered 503 or 429, and the gateway stays below ${MAX_RSS_MIB} MiB`,
  settings: async () => ({ ECLUSE_APPEND_QUEUE_BYTES: String(QUEUE_BYTES), ECLUSE_APPEND_MS: '5000' }),
  load: { producers: 48, maxBatch: 100, maxPauseMs: 20 },
  strike: async ({ fleet, ledger, note }) => {
    const { servers } = await kafka()
    const { pid } = fleet.gateways[0]!.current
    const startMib = rssMib(pid)
    const refusedBefore = refusals(ledger.answers)
    let peakMib = 0
    for (const server of servers) server.kill('SIGSTOP')
    try {
      const endMs = performance.now() + (faultRun.rounds === 1 ? SHORT_MS : STOPPED_MS)
      while (performance.now() < endMs) {
        peakMib = Math.max(peakMib, rssMib(pid))
        await pauseMs(LOOK_MS)
      }
    } finally {
      for (const server of servers) server.kill('SIGCONT')
    }
    note(`RSS ${Math.round(startMib)} MiB before, ${Math.round(peakMib)} MiB at most`)
    assert.ok(refusals(ledger.answers) > refusedBefore, 'producers were answered 503 or 429')
    assert.ok(peakMib < MAX_RSS_MIB, `${Math.round(peakMib)} MiB`)
  },
})

const refusals = (answers: Map<string, number>) => (answers.get('503') ?? 0) + (answers.get('429') ?? 0)
