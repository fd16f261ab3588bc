// Builds what persons' requests need of all stores, and starts working on them.

import type { Audit } from '../governance/audit/audit.ts'
import { AUDIT_TOPIC } from '../governance/audit/record.ts'
import type { Signer } from '../governance/audit/sign.ts'
import type { Catalogue } from '../governance/contract/catalogue.ts'
import type { ContractFinder } from '../governance/contract/find-contract.ts'
import { logEndMs } from '../governance/contract/log-end.ts'
import { quarantineTopicOf, topicOf } from '../governance/contract/topic-of.ts'
import { openReceipts } from '../governance/ingestion/receipts.ts'
import { type EraseDeps, erase } from '../governance/subjects/erase.ts'
import type { ErasureLedger } from '../governance/subjects/erasure-ledger.ts'
import type { PackageStore } from '../governance/subjects/export/package-store.ts'
import { type ExportDeps, exportPerson } from '../governance/subjects/export.ts'
import { type AskedPerson, declaredKinds } from '../governance/subjects/find-asked.ts'
import type { Holder } from '../governance/subjects/holder.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import { object } from '../governance/subjects/object.ts'
import { openOriginals } from '../governance/subjects/open-originals.ts'
import type { People } from '../governance/subjects/people.ts'
import { rectify } from '../governance/subjects/rectify.ts'
import type { RequestStore } from '../governance/subjects/request-store.ts'
import { restrict } from '../governance/subjects/restrict.ts'
import type { RightsLedger } from '../governance/subjects/rights-ledger.ts'
import type { FillDeps } from '../processors/fill-tables.ts'
import { findRemains } from '../processors/find-remains.ts'
import { type GatherDeps, gatherPerson } from '../processors/gather-person.ts'
import { documentsHolder } from '../processors/holders/documents-holder.ts'
import { lakeHolder } from '../processors/holders/lake-holder.ts'
import { othersHolder } from '../processors/holders/others-holder.ts'
import { packagesHolder } from '../processors/holders/packages-holder.ts'
import { tablesHolder } from '../processors/holders/tables-holder.ts'
import { findLakeEvents } from '../processors/lake/find-events.ts'
import { rereadFiles } from '../processors/lake/reread-files.ts'
import { ARCHIVE_GROUP, AUDIT_GROUP, QUARANTINE_GROUP } from '../processors/pipeline.ts'
import { discardQuarantine } from '../processors/quarantine/discard-quarantine.ts'
import { replayQuarantine } from '../processors/quarantine/replay-quarantine.ts'
import { releaseHeld } from '../processors/release-held.ts'
import { reprotectDataset } from '../processors/reprotect-dataset.ts'
import type { Retentions } from '../processors/retentions.ts'
import { startRequests } from '../processors/run-requests.ts'
import { sweepErased } from '../processors/sweep-erased.ts'
import type { Config } from '../runtime/config.ts'
import { every } from '../runtime/every.ts'
import { loggable } from '../runtime/loggable.ts'
import type { Logger } from '../runtime/logger.ts'
import { openEventTables } from '../storage/event-rows.ts'
import { isEmbedded, type Stores } from './open-stores.ts'

const DAY_MS = 86_400_000

export interface StartRequestsDeps {
  config: Config
  stores: Stores
  catalogue: Catalogue
  contracts: ContractFinder
  retentions: Retentions
  incarnations: FillDeps['incarnations']
  requests: RequestStore
  packages: PackageStore
  ledger: ErasureLedger
  rights: RightsLedger
  ring: KeyRing
  people: People
  leaseMs: number
  audit: Audit
  signer: Signer
  auditHead: EraseDeps['auditHead']
  windows: EraseDeps['windows']
  logger: Logger
  now: () => number
}

/** Starts; the returned function stops it. */
export function startRightsRequests(deps: StartRequestsDeps): () => Promise<void> {
  const { config, stores, ring, ledger, logger, now } = deps
  const holders = holdersOf(deps)
  const eraseDeps = erasing(deps, holders)
  const filling = { ...deps, documents: stores.documents, tables: openEventTables(stores.tables) }
  const release = (persons: AskedPerson[]) => releaseHeld(filling, persons)
  const exportDeps = exporting(deps, eraseDeps)
  const rectifyDeps = { ...eraseDeps, ...stores, ...deps, maxRecordBytes: config.maxRecordBytes }
  const scrubTables = (texts?: string[]) => stores.tables.scrub(texts)
  const rereadLake = (dataset: string) => rereadFiles({ ...stores, now }, dataset)
  const reprotectDeps = { ...eraseDeps, ...filling, contracts: deps.contracts, scrubTables, rereadLake }
  const limits = { depth: config.maxDepth, stringLength: config.maxStringLength }
  const receipts = openReceipts(stores.log)
  const replayDeps = { ...stores, ...deps, receipts, limits, maxRecordBytes: config.maxRecordBytes }
  const purposes = () => deps.catalogue.all().map(({ policy }) => policy.purpose)
  const stopRequests = startRequests({
    store: deps.requests,
    vault: stores.vault,
    ring,
    work: {
      erasure: request => erase(eraseDeps, request),
      export: request => exportPerson(exportDeps, request),
      rectification: request => rectify(rectifyDeps, request),
      restriction: request => restrict({ ...eraseDeps, release }, request),
      objection: request => object({ ...eraseDeps, purposes }, request),
      reprotection: request => reprotectDataset(reprotectDeps, request),
      replay: request => replayQuarantine(replayDeps, request),
      discard: request => discardQuarantine(replayDeps, request),
    },
    logger,
    now,
    intervalMs: config.requestIntervalMs,
    claimMs: config.requestClaimMs,
    concurrency: config.concurrentRequests,
    keptMs: config.requestDays * DAY_MS,
  })
  const stopping = new AbortController()
  const sweep = async () =>
    void (await sweepErased({ ledger, holders, logger, documents: stores.documents }, stopping.signal))
  const first = sweep().catch(error =>
    logger.error({ err: loggable(error) }, 'erased persons could not be looked for; it will be tried again'),
  )
  const stopSweeps = every(DAY_MS, sweep, logger)
  return async () => {
    stopping.abort()
    await Promise.all([stopRequests(), stopSweeps(), first])
  }
}

/** Tables before documents: of the two, these lead to what is recomputed. */
function holdersOf(deps: StartRequestsDeps): Holder[] {
  const { stores, catalogue } = deps
  const { documents } = stores
  const tables = openEventTables(stores.tables)
  const datasets = () => datasetsOf(deps)
  return [
    tablesHolder({ tables, scrub: texts => stores.tables.scrub(texts), documents, datasets }),
    documentsHolder({
      documents,
      contracts: deps.contracts,
      logMs: dataset => catalogue.find(dataset)?.retentionMs.log,
    }),
    othersHolder({ ...deps, documents, tables }),
    lakeHolder({ ...deps, ...stores, datasets, isRemote: !isEmbedded(deps.config, 'lake') }),
    packagesHolder(documents, deps.packages),
  ]
}

/** Whoever archived anything of a dataset has a retention for it, also when its policy is gone. */
async function datasetsOf({ stores, catalogue }: StartRequestsDeps): Promise<string[]> {
  const stored = await stores.documents.find('retentions', { limit: 1_000 })
  const names = stored.map(({ id }) => id).filter(id => !id.includes('/'))
  return [...new Set([...names, ...catalogue.all().map(({ dataset }) => dataset)])]
}

function exporting(deps: StartRequestsDeps, { groups, ...eraseDeps }: EraseDeps): ExportDeps {
  const { config, stores, catalogue } = deps
  let turn: Promise<unknown> = Promise.resolve()
  const gatherDeps: GatherDeps = {
    ...deps,
    documents: stores.documents,
    maxRecords: config.maxExportEvents,
    findInLake: async (persons, onEvent) => {
      for (const dataset of await datasetsOf(deps)) {
        const keptMs = catalogue.find(dataset)?.retentionMs.lake
        await findLakeEvents(stores.lake, dataset, persons, (event, date) =>
          onEvent(event, keptMs === undefined ? null : Date.parse(date) + DAY_MS + keptMs),
        )
      }
    },
    openOriginal: async entry => (await openOriginals({ ...deps, vault: stores.vault }, [entry]))[0],
    aliasTypes: (type: string) => {
      const subjects = catalogue.all().flatMap(contract => contract.subjects.filter(subject => subject.type === type))
      return declaredKinds([{ subjects }]).aliases
    },
    countAliases: async ({ lookup }: { lookup: string }) => {
      const [entry] = await stores.vault.findPersons([lookup])
      return entry && entry.state !== 'erased' ? entry.aliases.length : 0
    },
  }
  return {
    ...eraseDeps,
    ...deps,
    // Who read it stands in the audit.
    groups: () => [...groups(), { group: AUDIT_GROUP, topics: [AUDIT_TOPIC] }],
    gather: (persons, onRecords) => gatherPerson(gatherDeps, persons, onRecords),
    packageMs: config.packageDays * DAY_MS,
    inTurn: work => {
      const next = turn.then(work)
      turn = next.catch(() => {})
      return next
    },
  }
}

function erasing(deps: StartRequestsDeps, holders: Holder[]): EraseDeps {
  const { stores, catalogue, now } = deps
  const datasets = () => catalogue.all().map(({ dataset }) => dataset)
  const logMs = (dataset: string) => {
    const retentionMs = catalogue.find(dataset)?.retentionMs.log
    return retentionMs && logEndMs(retentionMs)
  }
  return {
    ...deps,
    vault: stores.vault,
    log: stores.log,
    holders,
    kinds: () => declaredKinds(catalogue.all()),
    groups: () => [
      { group: ARCHIVE_GROUP, topics: datasets().map(topicOf) },
      { group: QUARANTINE_GROUP, topics: datasets().map(quarantineTopicOf) },
    ],
    listRemains: persons => findRemains({ ...deps, documents: stores.documents, logMs }, persons),
    otherEnds: async () => {
      const quarantineMs = Math.max(0, ...catalogue.all().map(({ retentionMs }) => retentionMs.quarantine))
      const until = (ms: number) => new Date(ms).toISOString()
      return {
        recordsOnTheirWay: until(now() + stores.log.longestAppendMs),
        unattributedRejections: until(now() + quarantineMs + DAY_MS),
        // The epoch key that seals the persons' keys is destroyed within a day after its epoch.
        vaultBackups: until(deps.ring.epochBeganAtMs + (deps.config.epochDays + 1) * DAY_MS),
      }
    },
  }
}
