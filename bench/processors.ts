// npm run bench:processors [-- --events 200000] [-- --only NAME]: CPU seconds per million events, of the archive with the
// tables and the ledger alone, with the four aggregates of payments, and with quality as well. Embedded stores; the log,
// the lake and the audit are not in it.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { loadContracts } from '../governance/contract/load.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { openIncarnations } from '../processors/incarnations.ts'
import { openConservation } from '../processors/ledger/open-conservation.ts'
import { ARCHIVE_GROUP, type PipelineDeps, processEvents } from '../processors/pipeline.ts'
import { openQuality } from '../processors/quality/open-quality.ts'
import { openRetentions } from '../processors/retentions.ts'
import { openAggregation } from '../processors/windows/open-aggregation.ts'
import { makeLogger } from '../runtime/logger.ts'
import { openSqliteDocuments } from '../storage/documents/sqlite.ts'
import type { StoredRecord } from '../storage/event-log/event-log.ts'
import { openSqliteEventLog } from '../storage/event-log/sqlite.ts'
import { openEventTables } from '../storage/event-rows.ts'
import { collections } from '../storage/stored-shapes.ts'
import { openSqliteTables } from '../storage/tables/sqlite.ts'
import { openSqliteVault } from '../storage/vault/sqlite.ts'
import { paymentRecords, randomOf, toLogRecord } from './payment-records.ts'

const ROOT = join(import.meta.dirname, '..')
const TOPIC = 'ecluse.transactions'
/** As configured when nothing is said. */
const BATCH = 500
const MAX_GROUPS = 500
const MAX_ROWS = 50_000
const PERSONS = 20_000
const CHUNK = 20_000

interface Parts {
  aggregates: boolean
  quality: boolean
}

const measured: Record<string, Parts> = {
  archive: { aggregates: false, quality: false },
  'archive and 4 aggregates': { aggregates: true, quality: false },
  'archive, 4 aggregates and quality': { aggregates: true, quality: true },
}

const { values } = parseArgs({
  options: { events: { type: 'string', default: '200000' }, only: { type: 'string' } },
})

async function openProcessors(dir: string, { aggregates, quality }: Parts) {
  const { contracts } = await loadContracts({
    ...{ schemasDir: join(ROOT, 'schemas'), policiesDir: join(ROOT, 'policies'), maxViolations: 20 },
  })
  const declared = contracts.get('transactions')!
  const contract = aggregates ? declared : { ...declared, aggregates: [] }
  const catalogue = { all: () => [contract], find: () => contract } as unknown as PipelineDeps['catalogue']
  const log = openSqliteEventLog(join(dir, 'log.sqlite'))
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  const tables = await openSqliteTables(join(dir, 'tables.sqlite'))
  const vault = openSqliteVault(join(dir, 'vault.sqlite'))
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
  const ring = await openKeyRing(vault, Buffer.alloc(32, 1), Date.now)
  const logger = makeLogger('json', 'error')
  const bounds = { group: ARCHIVE_GROUP, maxGroups: MAX_GROUPS, maxRows: MAX_ROWS }
  const shared = { log, documents, tables, vault, ring, catalogue, logger, now: Date.now }
  const retentions = openRetentions(shared)
  const deps: PipelineDeps = {
    ...shared,
    retentions,
    tables: openEventTables(tables),
    contracts: { find: async () => undefined },
    incarnations: openIncarnations(vault),
    aggregation: openAggregation({ ...shared, ...bounds }),
    conservation: openConservation({ ...shared, retentions, group: ARCHIVE_GROUP }),
    quality: quality ? openQuality(shared) : { measureEvents: async () => {}, countCauses: async () => {} },
    auditRetentionMs: 0,
    batchSize: BATCH,
    count: () => {},
  }
  return {
    process: (batch: Parameters<typeof processEvents>[2]) => processEvents(deps, 'transactions', batch),
    close: async () => {
      for (const store of [log, documents, tables, vault]) await store.close()
    },
  }
}

async function cpuOf(parts: Parts, events: number): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-bench-'))
  const processors = await openProcessors(dir, parts)
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
        await processors.process({
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
    await processors.close()
    rmSync(dir, { recursive: true })
  }
}

const events = Number(values.events)
// Warm: code is compiled once.
if (!values.only) await cpuOf({ aggregates: true, quality: true }, 20_000)
for (const [name, parts] of Object.entries(measured))
  if (!values.only || values.only === name)
    process.stdout.write(`${name}: ${(await cpuOf(parts, events)).toFixed(1)} CPU-s per million events\n`)
