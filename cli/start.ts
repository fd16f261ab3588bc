// The composition root of `serve`, `gateway` and `processors`: stores, keys, contracts, processors, gateway, started in
// the order in which each needs the one before, and stopped in the reverse.

import { setTimeout as sleep } from 'node:timers/promises'
import { makeGateway, makeHealthServer } from '../gateway/server.ts'
import { openLiveAccess } from '../governance/access/live-access.ts'
import { ensureAuditTopic, openAudit } from '../governance/audit/record.ts'
import { countLoginFailures, LOGIN_FAILURES_MS } from '../governance/audit/record-login-failures.ts'
import { openSigner } from '../governance/audit/sign.ts'
import { newestHead } from '../governance/audit/stored-tree.ts'
import { recordAuditNotes } from '../governance/audit/vault-notes.ts'
import { openCatalogue } from '../governance/contract/catalogue.ts'
import { type Diagnostic, formatDiagnostic } from '../governance/contract/diagnostic.ts'
import { openRawSchemas } from '../governance/contract/fetch-schemas.ts'
import { openContractFinder } from '../governance/contract/find-contract.ts'
import { rememberIds } from '../governance/contract/remember-ids.ts'
import { openErasureLedger } from '../governance/subjects/erasure-ledger.ts'
import { openPackageStore } from '../governance/subjects/export/package-store.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { openPeople } from '../governance/subjects/people.ts'
import { replayErasures } from '../governance/subjects/replay-erasures.ts'
import { openRequestStore } from '../governance/subjects/request-store.ts'
import { openEventTables } from '../processors/fill-tables.ts'
import { openIncarnations } from '../processors/incarnations.ts'
import { type Pipeline, startPipeline } from '../processors/pipeline.ts'
import { releaseUnrestricted } from '../processors/release-held.ts'
import { openRetentions } from '../processors/retentions.ts'
import type { Config } from '../runtime/config.ts'
import { every } from '../runtime/every.ts'
import { loggable } from '../runtime/loggable.ts'
import { type Logger, makeLogger } from '../runtime/logger.ts'
import { makeShutdown, type Shutdown } from '../runtime/shutdown.ts'
import { startTelemetry, type Telemetry } from '../runtime/telemetry.ts'
import { LakeUnavailable } from '../storage/lake/lake.ts'
import { collections } from '../storage/stored-shapes.ts'
import { activateContract, prepareContract } from './activate-contract.ts'
import { makeDevCredentials } from './dev-credentials.ts'
import { startContractKeeper } from './keep-contracts.ts'
import { keepEpochs } from './keep-epochs.ts'
import { loadKeks } from './load-kek.ts'
import { openGates } from './open-gates.ts'
import { openStores, type Stores } from './open-stores.ts'
import { recordAccess } from './record-access.ts'
import { startRightsRequests } from './start-requests.ts'

/** What runs in this process: `serve` runs both. */
export type Part = 'gateway' | 'processors'

export interface Running {
  /** `http://127.0.0.1:8080` */
  address: string
  logger: Logger
  stores: Stores
  stop(): Promise<void>
}

export interface StartOptions {
  /** Listen beside other processes on the same port. */
  sharePort?: boolean
}

/** Starts these parts in this process. @throws Error when something cannot be started; what was, is stopped again */
export async function start(config: Config, parts: Part[], options: StartOptions = {}): Promise<Running> {
  const logger = makeLogger(config.logFormat, config.logLevel)
  const shutdown = makeShutdown(logger)
  try {
    return await startAll(config, parts, { ...options, logger, shutdown })
  } catch (error) {
    await shutdown.stop()
    throw error
  }
}

async function startAll(
  config: Config,
  parts: Part[],
  { sharePort = false, logger, shutdown }: StartOptions & { logger: Logger; shutdown: Shutdown },
): Promise<Running> {
  const now = Date.now
  const telemetry = startTelemetry()
  shutdown.onStop('telemetry', telemetry.stop)
  const stores = await openStores(config)
  shutdown.onStop('stores', stores.close)
  const { log, registry, vault, documents, tables, lake } = stores
  await vault.ping()
  const auditRetentionMs = config.auditDays * DAY_MS
  await ensureAuditTopic(log, auditRetentionMs)
  await declareCollections(stores)

  const ring = await openKeyRing(vault, loadKeks(config), now)
  const people = await openPeople(vault, ring, config)
  const signer = openSigner(ring.signingSeed)
  const ledger = openErasureLedger(stores.erasures, signer)
  // Before the first event: of whoever was erased since the backup that the vault may have come from.
  const replay = () => replayErasures(ledger, vault)
  await replay().catch(error => {
    if (!(error instanceof LakeUnavailable)) throw error
    logger.error({ err: loggable(error) }, 'the ledger of erasures cannot be read yet; it will be tried again')
    const stopReplay = every(config.maintenanceIntervalMs, () => replay().then(() => void stopReplay()), logger)
    shutdown.onStop('ledger', stopReplay)
  })
  const requests = openRequestStore(documents)
  const packages = openPackageStore({ lake, documents, vault, ring, now })
  let pipeline: Pipeline | undefined
  const refresh = () =>
    pipeline?.refresh().catch(error => logger.error({ err: loggable(error) }, 'processors could not be refreshed'))
  const partitions = config.eventLog === 'sqlite:' ? 1 : config.kafkaPartitions
  const audit = openAudit(log, now)
  const contractKeeper = startContractKeeper(documents, CONTRACTS_MS, logger)
  shutdown.onStop('contracts', contractKeeper.stop)
  const gates = openGates({ config, vault, logger })
  const catalogue = await openCatalogue({
    ...config,
    gate: gates.contracts,
    registry: rememberIds(registry, vault, {
      onChange: change => logger.warn(change, 'the registry gives another id than before: was it made anew?'),
    }),
    rawSchemas: openRawSchemas({ registry, vault }),
    onActivate: async contract => {
      if (parts.includes('gateway')) await activateContract({ audit, log, ring, logger, partitions }, contract)
      else await prepareContract({ log, ring, partitions }, contract)
      contractKeeper.keep(contract)
      // Once it is live.
      setImmediate(refresh)
    },
    onProblem: ({ diagnostics, error }) => tellProblems(logger, diagnostics, error),
  })
  const access = await openLiveAccess({
    ...config,
    gate: gates.access,
    onActivate: hashes => recordAccess({ audit, vault, logger }, hashes),
    onProblem: ({ diagnostics, error }) => tellProblems(logger, diagnostics, error),
  })
  shutdown.onStop('access', access.watch(config.watchIntervalMs))
  if (parts.includes('processors')) {
    const shared = {
      catalogue,
      contracts: openContractFinder(documents, catalogue),
      retentions: openRetentions({ vault, documents, catalogue, logger, now }),
      incarnations: openIncarnations(vault),
      ring,
      logger,
      now,
    }
    pipeline = await startPipeline({
      ...stores,
      ...shared,
      tables: openEventTables(tables),
      auditRetentionMs,
      batchSize: config.processorBatch,
      count: archiveCount(telemetry),
    })
    shutdown.onStop('processors', pipeline.stop)
    const signHead = () => pipeline!.signAuditHead(signer)
    shutdown.onStop('audit heads', every(config.auditHeadMs, signHead, logger))
    void refresh()
    observeLag(telemetry, pipeline)
    const maintenance = async () => {
      await maintain(stores, now())
      // What failed when a contract went live is tried again.
      await pipeline!.refresh()
      await packages.destroyEnded()
      await releaseUnrestricted({ ...shared, vault, documents, tables: openEventTables(tables) })
    }
    const { leaseMs } = people
    const auditHead = async () => (await newestHead(documents))?.head ?? null
    const rights = { ...shared, config, stores, requests, packages, ledger, leaseMs, audit, signer, auditHead }
    shutdown.onStop('requests', startRightsRequests(rights))
    shutdown.onStop('maintenance', every(config.maintenanceIntervalMs, maintenance, logger))
    const epochs = keepEpochs({ vault, ring, audit, logger, now }, { ...config, leaseMs })
    const notes = () => recordAuditNotes(vault, audit)
    shutdown.onStop('audit notes', every(config.maintenanceIntervalMs, notes, logger))
    shutdown.onStop('epochs', every(config.maintenanceIntervalMs, epochs, logger))
  }
  shutdown.onStop(
    'domain keys',
    every(people.leaseMs, () => ring.refresh(), logger),
  )
  shutdown.onStop('watch', catalogue.watch(config.watchIntervalMs))

  const ports = { 'event-log': log, vault, registry, documents, tables, lake, erasures: stores.erasures }
  const draining = new AbortController()
  const health = {
    config,
    logger,
    telemetry,
    catalogue,
    access,
    ports,
    draining: draining.signal,
    ...(pipeline && { processors: pipeline }),
  }
  const { onLoginFailure, flush } = countLoginFailures(audit, now)
  shutdown.onStop('login failures', flush)
  shutdown.onStop('login failures by the minute', every(LOGIN_FAILURES_MS, flush, logger))
  const app = parts.includes('gateway')
    ? await makeGateway({
        ...health,
        people,
        ring,
        log,
        vault,
        documents,
        ledger,
        requests,
        packages,
        audit,
        signer,
        onLoginFailure,
        now,
      })
    : await makeHealthServer(health)
  const devKeys = parts.includes('gateway') && (await makeDevCredentials(config, vault))
  // Fastify hands on what its types do not name.
  const listening = { host: config.host, port: config.port, reusePort: sharePort }
  const address = await app.listen(listening)
  shutdown.onStop('http', async () => {
    draining.abort()
    await sleep(config.drainMs)
    await app.close()
  })
  logger.info({ address, parts, datasets: catalogue.all().map(({ dataset }) => dataset) }, `listening on ${address}`)
  if (devKeys) tellDevKeys(config, devKeys)
  return { address, logger, stores, stop: shutdown.stop }
}

async function declareCollections({ documents }: Stores): Promise<void> {
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
}

function tellProblems(logger: Logger, diagnostics: Diagnostic[], error: unknown): void {
  if (error instanceof Error)
    logger.error({ err: loggable(error) }, 'schemas and policies could not be made live; trying again')
  for (const diagnostic of diagnostics) {
    if (diagnostic.severity === 'error') logger.error(`${formatDiagnostic(diagnostic)} What was live stays live.`)
    else logger.warn(formatDiagnostic(diagnostic))
  }
}

/** Retention, where the stores do not enforce it by themselves. */
async function maintain({ log, documents, tables, vault }: Stores, nowMs: number): Promise<void> {
  // One store that is down keeps none of the others from its retention.
  const work = [log.expire(nowMs), documents.expire(nowMs), tables.expire(nowMs), vault.deleteEndedKeys(nowMs)]
  const failed = (await Promise.allSettled(work)).find(({ status }) => status === 'rejected')
  if (failed) throw (failed as PromiseRejectedResult).reason
}

function archiveCount({ meter }: Telemetry) {
  const events = meter.createCounter('ecluse_processor_records', { description: 'Records by effect' })
  return (dataset: string, effect: string, records: number) => {
    if (records > 0) events.add(records, { dataset, effect })
  }
}

function observeLag({ meter }: Telemetry, pipeline: Pipeline): void {
  meter
    .createObservableGauge('ecluse_processor_lag_records', { description: 'Records not yet handled' })
    .addCallback(async result => {
      // Without the log there is no lag to tell; the other metrics must not wait for it.
      const lag = await Promise.race([pipeline.lag().catch(() => undefined), sleep(LAG_MS, undefined, { ref: false })])
      if (lag !== undefined) result.observe(lag)
    })
}

const DAY_MS = 86_400_000
/** How soon a contract that went live is written where readers find it, and is tried again. */
const CONTRACTS_MS = 1_000
/** Shorter than a scrape may take. */
const LAG_MS = 3_000

/** Shown once; never through the log. */
function tellDevKeys(config: Config, keys: Record<string, string>): void {
  const lines = Object.entries(keys).map(([role, key]) => `  ${role.padEnd(14)} ${key}`)
  process.stderr.write(
    `API keys for development, shown this once (kept in ${config.dataDir}/dev-credentials.json):\n${lines.join('\n')}\n`,
  )
}
