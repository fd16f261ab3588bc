// The processors as they are, less the tables: what is measured is the way from the log to the archive.

import { loadKek } from '../cli/load-kek.ts'
import { openStores } from '../cli/open-stores.ts'
import { openCatalogue } from '../governance/contract/catalogue.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { openIncarnations } from '../processors/incarnations.ts'
import { startPipeline } from '../processors/pipeline.ts'
import { makeLogger } from '../runtime/logger.ts'
import { collections } from '../storage/stored-shapes.ts'
import { benchConfig } from './governed.ts'
import type { Target } from './load.ts'

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
  await startPipeline({
    ...stores,
    tables: { upsert: async () => {}, remove: async () => {} },
    catalogue,
    ring,
    logger: makeLogger('json', 'error'),
    now: Date.now,
    incarnations: openIncarnations(stores.vault),
    batchSize: config.processorBatch,
    count: () => {},
  })
  return { address: '', apiKey: '' }
}
