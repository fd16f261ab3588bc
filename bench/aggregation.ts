// npm run bench:aggregation [-- --events 200000] [-- --only archive|aggregates]: CPU seconds per million events, of the
// archive alone, and of the archive with the four aggregates of payments. Embedded stores; the log is not read.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { StoredRecord } from '../storage/event-log/event-log.ts'
import { BATCH, openAggregating, TOPIC } from './aggregating.ts'
import { paymentRecords, randomOf, toLogRecord } from './payment-records.ts'

const PERSONS = 20_000
const CHUNK = 20_000

const { values } = parseArgs({
  options: { events: { type: 'string', default: '200000' }, only: { type: 'string' } },
})

async function cpuOf(withAggregates: boolean, events: number): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-bench-'))
  const aggregating = await openAggregating(dir, withAggregates)
  try {
    const records = paymentRecords({ events, persons: PERSONS, duplicates: 0.05, late: 0.05 }, randomOf(1))
    let offset = 0
    let cpuMicros = 0
    for (;;) {
      // Made apart, so that making them is not measured.
      const chunk: StoredRecord[] = []
      for (let next = records.next(); !next.done; next = records.next()) {
        chunk.push({
          ...toLogRecord(next.value),
          topic: TOPIC,
          partition: 0,
          offset: offset++,
          timestampMs: Date.now(),
        })
        if (chunk.length === CHUNK) break
      }
      if (chunk.length === 0) break
      const before = process.cpuUsage()
      for (let at = 0; at < chunk.length; at += BATCH)
        await aggregating.process({
          topic: TOPIC,
          partition: 0,
          incarnation: 'i',
          records: chunk.slice(at, at + BATCH),
        })
      const { user, system } = process.cpuUsage(before)
      cpuMicros += user + system
    }
    return cpuMicros / offset
  } finally {
    await aggregating.close()
    rmSync(dir, { recursive: true })
  }
}

const events = Number(values.events)
// Warm: code is compiled once.
if (!values.only) await cpuOf(true, 20_000)
for (const [name, withAggregates] of [
  ['archive', false],
  ['archive and 4 aggregates', true],
] as const)
  if (!values.only || (values.only === 'archive') !== withAggregates)
    process.stdout.write(`${name}: ${(await cpuOf(withAggregates, events)).toFixed(1)} CPU-s per million events\n`)
