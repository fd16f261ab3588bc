// The composition root of `serve`, `gateway` and `processors`: stores, keys, contracts, processors, gateway, started in
// the order in which each needs the one before, and stopped in the reverse.

import { setTimeout as sleep } from 'node:timers/promises'
import { makeGateway, makeHealthServer } from '../gateway/server.ts'
import { openCatalogue } from '../governance/contract/catalogue.ts'
import { type Diagnostic, formatDiagnostic } from '../governance/contract/diagnostic.ts'
import { openRawSchemas } from '../governance/contract/fetch-schemas.ts'
import { rememberIds } from '../governance/contract/remember-ids.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { openPeople } from '../governance/subjects/people.ts'
import { openEventTables } from '../processors/fill-tables.ts'
import { openIncarnations } from '../processors/incarnations.ts'
import { type Pipeline, startPipeline } from '../processors/pipeline.ts'
import type { Config } from '../runtime/config.ts'
import { every } from '../runtime/every.ts'
import { loggable } from '../runtime/loggable.ts'
import { type Logger, makeLogger } from '../runtime/logger.ts'
import { makeShutdown, type Shutdown } from '../runtime/shutdown.ts'
import { startTelemetry, type Telemetry } from '../runtime/telemetry.ts'
import { collections } from '../storage/stored-shapes.ts'
import { activateContract, ensureAuditTopic, prepareContract } from './activate-contract.ts'
import { makeDevCredentials } from './dev-credentials.ts'
import { loadKek } from './load-kek.ts'
import { openStores, type Stores } from './open-stores.ts'

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
  await ensureAuditTopic(log)
  await declareCollections(stores)

  const ring = await openKeyRing(vault, loadKek(config), now)
  const people = await openPeople(vault, ring, config)
  let pipeline: Pipeline | undefined
  const refresh = () =>
    pipeline?.refresh().catch(error => logger.error({ err: loggable(error) }, 'processors could not be refreshed'))
  const partitions = config.eventLog === 'sqlite:' ? 1 : config.kafkaPartitions
  const catalogue = await openCatalogue({
    ...config,
    registry: rememberIds(registry, vault, {
      onChange: change => logger.warn(change, 'the registry gives another id than before: was it made anew?'),
    }),
    rawSchemas: openRawSchemas({ registry, vault }),
    onActivate: async contract => {
      if (parts.includes('gateway')) await activateContract({ log, ring, logger, partitions }, contract)
      else await prepareContract({ log, ring, partitions }, contract)
      // Once it is live.
      setImmediate(refresh)
    },
    onProblem: ({ diagnostics, error }) => tellProblems(logger, diagnostics, error),
  })
  if (parts.includes('processors')) {
    pipeline = await startPipeline({
      ...stores,
      catalogue,
      ring,
      logger,
      now,
      tables: openEventTables(tables),
      incarnations: openIncarnations(vault),
      batchSize: config.processorBatch,
      count: archiveCount(telemetry),
    })
    shutdown.onStop('processors', pipeline.stop)
    void refresh()
    observeLag(telemetry, pipeline)
    const maintenance = async () => {
      await maintain(stores, now())
      // What failed when a contract went live is tried again.
      await pipeline!.refresh()
    }
    shutdown.onStop('maintenance', every(config.maintenanceIntervalMs, maintenance, logger))
  }
  shutdown.onStop(
    'domain keys',
    every(people.leaseMs, () => ring.refresh(), logger),
  )
  shutdown.onStop('watch', catalogue.watch(config.watchIntervalMs))

  const ports = { 'event-log': log, vault, registry, documents, tables, lake }
  const draining = new AbortController()
  const health = {
    config,
    logger,
    telemetry,
    catalogue,
    ports,
    draining: draining.signal,
    ...(pipeline && { processors: pipeline }),
  }
  const app = parts.includes('gateway')
    ? await makeGateway({ ...health, people, ring, log, vault, documents, now })
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

/** Shorter than a scrape may take. */
const LAG_MS = 3_000

/** Shown once; never through the log. */
function tellDevKeys(config: Config, keys: Record<string, string>): void {
  const lines = Object.entries(keys).map(([role, key]) => `  ${role.padEnd(14)} ${key}`)
  process.stderr.write(
    `API keys for development, shown this once (kept in ${config.dataDir}/dev-credentials.json):\n${lines.join('\n')}\n`,
  )
}
