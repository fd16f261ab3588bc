// The archive and the declared aggregates of the project's payments, over the embedded stores of a directory: what is
// left of the processors when the audit, the lake and the quarantine are taken away.

import { join } from 'node:path'
import { loadContracts } from '../governance/contract/load.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { openEventTables } from '../processors/fill-tables.ts'
import { openIncarnations } from '../processors/incarnations.ts'
import { openConservation } from '../processors/ledger/open-conservation.ts'
import { ARCHIVE_GROUP, type PipelineDeps, processEvents } from '../processors/pipeline.ts'
import { openQuality } from '../processors/quality/open-quality.ts'
import { openRetentions } from '../processors/retentions.ts'
import { openAggregation } from '../processors/windows/open-aggregation.ts'
import { makeLogger } from '../runtime/logger.ts'
import { openSqliteDocuments } from '../storage/documents/sqlite.ts'
import { openSqliteEventLog } from '../storage/event-log/sqlite.ts'
import { collections } from '../storage/stored-shapes.ts'
import { openSqliteTables } from '../storage/tables/sqlite.ts'
import { openSqliteVault } from '../storage/vault/sqlite.ts'

const ROOT = join(import.meta.dirname, '..')
export const TOPIC = 'ecluse.transactions'
/** As configured when nothing is said. */
const MAX_GROUPS = 500
const MAX_ROWS = 50_000
export const BATCH = 500

export async function openAggregating(dir: string, withAggregates: boolean) {
  const { contracts } = await loadContracts({
    ...{ schemasDir: join(ROOT, 'schemas'), policiesDir: join(ROOT, 'policies'), maxViolations: 20 },
  })
  const declared = contracts.get('transactions')!
  const contract = withAggregates ? declared : { ...declared, aggregates: [] }
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
    quality: openQuality(shared),
    auditRetentionMs: 0,
    batchSize: BATCH,
    count: () => {},
  }
  return {
    ...{ log, documents, tables, contract },
    process: (batch: Parameters<typeof processEvents>[2]) => processEvents(deps, 'transactions', batch),
    close: async () => {
      for (const store of [log, documents, tables, vault]) await store.close()
    },
  }
}
