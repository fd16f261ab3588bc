// The composition root of `serve` and `demo`: stores, keys, contracts, processors, gateway, started in the order in
// which each needs the one before, and stopped in the reverse.

import { makeGateway } from '../gateway/server.ts'
import { openCatalogue } from '../governance/contract/catalogue.ts'
import type { Contract } from '../governance/contract/contract.ts'
import { type Diagnostic, formatDiagnostic } from '../governance/contract/diagnostic.ts'
import { quarantineTopicOf, topicOf } from '../governance/contract/topic-of.ts'
import { type KeyRing, openKeyRing } from '../governance/subjects/key-ring.ts'
import { openPeople } from '../governance/subjects/people.ts'
import { type Pipeline, startPipeline } from '../processors/pipeline.ts'
import type { Config } from '../runtime/config.ts'
import { loggable } from '../runtime/loggable.ts'
import { type Logger, makeLogger } from '../runtime/logger.ts'
import { makeShutdown, type Shutdown } from '../runtime/shutdown.ts'
import { startTelemetry, type Telemetry } from '../runtime/telemetry.ts'
import { collections } from '../storage/stored-shapes.ts'
import { makeDevCredentials } from './dev-credentials.ts'
import { loadKek } from './load-kek.ts'
import { openStores, type Stores } from './open-stores.ts'

/** No dataset's topic: their names hold no dot. */
const AUDIT_TOPIC = 'ecluse.audit.entries'

export interface Running {
  /** `http://127.0.0.1:8080` */
  address: string
  logger: Logger
  stores: Stores
  stop(): Promise<void>
}

/** Starts everything in this process. @throws Error when something cannot be started; what was, is stopped again */
export async function start(config: Config): Promise<Running> {
  const logger = makeLogger(config.logFormat, config.logLevel)
  const shutdown = makeShutdown(logger)
  try {
    return await startAll(config, logger, shutdown)
  } catch (error) {
    await shutdown.stop()
    throw error
  }
}

async function startAll(config: Config, logger: Logger, shutdown: Shutdown): Promise<Running> {
  const now = Date.now
  const telemetry = startTelemetry()
  shutdown.onStop('telemetry', telemetry.stop)
  const stores = await openStores(config)
  shutdown.onStop('stores', stores.close)
  await prepareStores(stores)

  const ring = await openKeyRing(stores.vault, loadKek(config), now)
  const people = await openPeople(stores.vault, ring, config)
  let pipeline: Pipeline | undefined
  const refresh = () =>
    pipeline?.refresh().catch(error => logger.error({ err: loggable(error) }, 'processors could not be refreshed'))
  const catalogue = await openCatalogue({
    ...config,
    registry: stores.registry,
    onActivate: async contract => {
      await activate(contract, stores, ring, logger)
      // Once it is live.
      setImmediate(refresh)
    },
    onProblem: ({ diagnostics, error }) => tellProblems(logger, diagnostics, error),
  })
  const processors = await startPipeline({
    ...stores,
    catalogue,
    ring,
    logger,
    now,
    batchSize: config.processorBatch,
    count: archiveCount(telemetry),
  })
  pipeline = processors
  shutdown.onStop('processors', processors.stop)
  void refresh()
  observeLag(telemetry, processors)
  shutdown.onStop(
    'maintenance',
    every(config.maintenanceIntervalMs, () => maintain(stores, now()), logger),
  )
  // What failed when a contract went live is tried again.
  shutdown.onStop('refresh', every(config.maintenanceIntervalMs, processors.refresh, logger))
  shutdown.onStop(
    'domain keys',
    every(people.leaseMs, () => ring.refresh(), logger),
  )
  shutdown.onStop('watch', catalogue.watch(config.watchIntervalMs))

  const devKeys = await makeDevCredentials(config, stores.vault)
  const { log, registry, vault, documents, tables, lake } = stores
  const ports = { 'event-log': log, vault, registry, documents, tables, lake }
  const app = await makeGateway({
    config,
    logger,
    telemetry,
    catalogue,
    people,
    ring,
    log,
    vault,
    documents,
    ports,
    processors,
    now,
  })
  const address = await app.listen({ host: config.host, port: config.port })
  shutdown.onStop('gateway', () => app.close())
  logger.info({ address, datasets: catalogue.all().map(({ dataset }) => dataset) }, `listening on ${address}`)
  if (devKeys) tellDevKeys(config, devKeys)
  return { address, logger, stores, stop: shutdown.stop }
}

async function prepareStores({ log, documents }: Stores): Promise<void> {
  await log.ensureTopic(AUDIT_TOPIC, { partitions: 1, retentionMs: null })
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
}

/** What a contract needs before its first event; recorded with its content hashes. */
async function activate(contract: Contract, { log }: Stores, ring: KeyRing, logger: Logger): Promise<void> {
  const { dataset, policySha256, retentionMs } = contract
  for (const domain of domainsOf(contract)) await ring.loadDomain(domain)
  await log.ensureTopic(topicOf(dataset), { partitions: 1, retentionMs: retentionMs.log })
  const quarantineMs = Math.min(retentionMs.log, retentionMs.quarantine)
  await log.ensureTopic(quarantineTopicOf(dataset), { partitions: 1, retentionMs: quarantineMs })
  const schemas = Object.fromEntries([...contract.versions.values()].map(v => [v.version, v.schemaSha256]))
  const entry = { kind: 'contract-activated', at: new Date().toISOString(), dataset, policySha256, schemas }
  const record = {
    key: dataset,
    value: Buffer.from(JSON.stringify(entry)),
    headers: { 'content-type': 'application/json' },
  }
  await log.append([{ topic: AUDIT_TOPIC, record }])
  logger.info({ dataset, policySha256, schemas }, 'contract is live')
}

function domainsOf({ versions }: Contract): Set<string> {
  const rules = [...versions.values()].flatMap(({ fields }) => fields)
  return new Set(rules.flatMap(({ action }) => (action !== 'reject' && action.domain) || []))
}

function tellProblems(logger: Logger, diagnostics: Diagnostic[], error: unknown): void {
  if (error) logger.error({ err: error }, 'schemas and policies could not be made live; trying again')
  for (const diagnostic of diagnostics) {
    if (diagnostic.severity === 'error') logger.error(`${formatDiagnostic(diagnostic)} What was live stays live.`)
    else logger.warn(formatDiagnostic(diagnostic))
  }
}

/** Retention, where the embedded stores do not enforce it by themselves. */
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
    .addCallback(async result => result.observe(await pipeline.lag()))
}

/** Repeats `work` until stopped, never twice at once; a failure is logged and the next turn tries again. */
function every(intervalMs: number, work: () => Promise<void>, logger: Logger): () => Promise<void> {
  let running = Promise.resolve()
  const timer = setInterval(() => {
    running = running
      .then(work)
      .catch(error => logger.error({ err: loggable(error) }, 'maintenance failed; it will be tried again'))
  }, intervalMs)
  timer.unref()
  return () => {
    clearInterval(timer)
    return running
  }
}

/** Shown once; never through the log. */
function tellDevKeys(config: Config, keys: Record<string, string>): void {
  const lines = Object.entries(keys).map(([role, key]) => `  ${role.padEnd(14)} ${key}`)
  process.stderr.write(
    `API keys for development, shown this once (kept in ${config.dataDir}/dev-credentials.json):\n${lines.join('\n')}\n`,
  )
}
