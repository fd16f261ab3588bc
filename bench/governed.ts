// The gateway as it is, without processors: what is measured is the way from the request to the log.

import { join } from 'node:path'
import { loadKek } from '../cli/load-kek.ts'
import { openStores } from '../cli/open-stores.ts'
import { makeApiKey } from '../gateway/authenticate.ts'
import { makeGateway } from '../gateway/server.ts'
import { openLiveAccess } from '../governance/access/live-access.ts'
import { openAudit } from '../governance/audit/record.ts'
import { openSigner } from '../governance/audit/sign.ts'
import { openCatalogue } from '../governance/contract/catalogue.ts'
import { openContractFinder } from '../governance/contract/find-contract.ts'
import { ledgerTopicOf, quarantineTopicOf, topicOf } from '../governance/contract/topic-of.ts'
import { openErasureLedger } from '../governance/subjects/erasure-ledger.ts'
import { openPackageStore } from '../governance/subjects/export/package-store.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { openPeople } from '../governance/subjects/people.ts'
import { openRequestStore } from '../governance/subjects/request-store.ts'
import { openRightsLedger } from '../governance/subjects/rights-ledger.ts'
import { openSignedFiles } from '../governance/subjects/signed-files.ts'
import { type Config, readConfig } from '../runtime/config.ts'
import { makeLogger } from '../runtime/logger.ts'
import { startTelemetry } from '../runtime/telemetry.ts'
import type { Target } from './load.ts'

/** The benchmark's contract, no limits of rate; servers as `settings` names them, else embedded. */
export function benchConfig(dataDir: string, settings: Record<string, string> = {}): Config {
  const contract = join(import.meta.dirname, 'contract')
  return readConfig({
    ECLUSE_DATA_DIR: dataDir,
    ECLUSE_SCHEMAS_DIR: join(contract, 'schemas'),
    ECLUSE_POLICIES_DIR: join(contract, 'policies'),
    ECLUSE_MAX_REQUESTS_PER_SECOND: '1000000',
    ECLUSE_MAX_EVENTS_PER_SECOND: '10000000',
    ECLUSE_LOG_LEVEL: 'error',
    ...settings,
  })
}

/** Starts the gateway on a free port, with a producer's key. */
export async function startGoverned(dataDir: string, settings?: Record<string, string>): Promise<Target> {
  const config = benchConfig(dataDir, settings)
  const partitions = config.eventLog === 'sqlite:' ? 1 : config.kafkaPartitions
  const stores = await openStores(config)
  const ring = await openKeyRing(stores.vault, loadKek(config), Date.now)
  const people = await openPeople(stores.vault, ring, config)
  const catalogue = await openCatalogue({
    ...config,
    registry: stores.registry,
    onActivate: async ({ dataset }) => {
      for (const topic of [topicOf(dataset), quarantineTopicOf(dataset), ledgerTopicOf(dataset)])
        await stores.log.ensureTopic(topic, { partitions, retentionMs: null })
    },
    onProblem: ({ diagnostics }) => {
      throw new Error(JSON.stringify(diagnostics))
    },
  })
  const { apiKey, credential } = makeApiKey({ roles: ['producer'], datasets: ['*'], nowMs: Date.now() })
  await stores.vault.putCredential(credential)
  const access = await openLiveAccess({
    policiesDir: join(import.meta.dirname, '../policies'),
    onActivate: async () => {},
    onProblem: () => {},
  })
  const logger = makeLogger('json', 'error')
  const telemetry = startTelemetry()
  const signer = openSigner(ring.signingSeed)
  const ledgerFiles = openSignedFiles(stores.erasures, signer)
  const app = await makeGateway({
    ...stores,
    eventTables: stores.tables,
    config,
    logger,
    telemetry,
    catalogue,
    contracts: openContractFinder(stores.documents, catalogue),
    access,
    audit: openAudit(stores.log, Date.now),
    requests: openRequestStore(stores.documents),
    packages: openPackageStore({ ...stores, ring, now: Date.now }),
    signer,
    ledger: openErasureLedger(ledgerFiles),
    rights: openRightsLedger(ledgerFiles),
    people,
    ring,
    ports: {},
    now: Date.now,
  })
  return { address: await app.listen({ host: '127.0.0.1', port: 0 }), apiKey }
}
