// The processors as they are, less the tables: what is measured is the way from the log to the archive.

import { loadKek } from '../cli/load-kek.ts'
import { openStores } from '../cli/open-stores.ts'
import { ensureAuditTopic } from '../governance/audit/record.ts'
import { openCatalogue } from '../governance/contract/catalogue.ts'
import { openContractFinder } from '../governance/contract/find-contract.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { openIncarnations } from '../processors/incarnations.ts'
import { openConservation } from '../processors/ledger/open-conservation.ts'
import { ARCHIVE_GROUP, startPipeline } from '../processors/pipeline.ts'
import { openQuality } from '../processors/quality/open-quality.ts'
import { openRetentions } from '../processors/retentions.ts'
import { openAggregation } from '../processors/windows/open-aggregation.ts'
import { makeLogger } from '../runtime/logger.ts'
import { collections } from '../storage/stored-shapes.ts'
import { benchConfig } from './governed.ts'
import type { Target } from './load.ts'

const AUDIT_MS = 86_400_000

/** Starts the processors over the topics of a gateway that ran in the same directory. */
export async function startArchive(dataDir: string, settings: Record<string, string>): Promise<Target> {
  const config = benchConfig(dataDir, settings)
  const stores = await openStores(config)
  for (const [name, collection] of Object.entries(collections))
    await stores.documents.ensureCollection(name, collection)
  const ring = await openKeyRing(stores.vault, loadKek(config), Date.now)
  const catalogue = await openCatalogue({
    ...config,
    registry: stores.registry,
    onActivate: async () => {},
    onProblem: ({ diagnostics }) => {
      throw new Error(JSON.stringify(diagnostics))
    },
  })
  await ensureAuditTopic(stores.log, AUDIT_MS)
  const logger = makeLogger('json', 'error')
  const incarnations = openIncarnations(stores.vault)
  const retentions = openRetentions({ ...stores, catalogue, logger, now: Date.now })
  const noTables = {
    ensureTable: async () => {},
    read: async () => [],
    upsert: async () => {},
    remove: async () => {},
    scrub: async () => 'searched' as const,
  }
  await startPipeline({
    ...stores,
    tables: noTables,
    catalogue,
    contracts: openContractFinder(stores.documents, catalogue),
    retentions,
    conservation: openConservation({
      ...{ ...stores, catalogue, retentions, logger },
      ...{ group: ARCHIVE_GROUP, now: Date.now },
    }),
    quality: openQuality({ ...stores, catalogue }),
    ring,
    logger,
    now: Date.now,
    incarnations,
    aggregation: openAggregation({
      ...{ ...stores, tables: noTables, ring, group: ARCHIVE_GROUP, now: Date.now },
      // The archive alone is measured.
      catalogue: { find: () => undefined },
      ...{ maxGroups: 1, maxRows: 1 },
    }),
    auditRetentionMs: AUDIT_MS,
    batchSize: config.processorBatch,
    count: () => {},
  })
  return { address: '', apiKey: '' }
}
