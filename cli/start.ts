// The composition root of `serve`, `gateway` and `processors`: stores, keys, contracts, processors, gateway, started in
// the order in which each needs the one before, and stopped in the reverse.

import { setTimeout as sleep } from 'node:timers/promises'
import type { Gateway, GatewayDeps } from '../gateway/gateway-deps.ts'
import { makeGateway, makeHealthServer } from '../gateway/server.ts'
import { ensureAuditTopic, openAudit } from '../governance/audit/record.ts'
import { countLoginFailures, LOGIN_FAILURES_MS } from '../governance/audit/record-login-failures.ts'
import type { Config } from '../runtime/config.ts'
import { every } from '../runtime/every.ts'
import { type Logger, makeLogger } from '../runtime/logger.ts'
import { makeShutdown, type Shutdown } from '../runtime/shutdown.ts'
import { startTelemetry } from '../runtime/telemetry.ts'
import { openAggregateTables } from '../storage/aggregate-rows.ts'
import { openEventTables } from '../storage/event-rows.ts'
import { collections } from '../storage/stored-shapes.ts'
import { makeDevCredentials, tellDevCredentials } from './dev-credentials.ts'
import { openContracts } from './open-contracts.ts'
import { openPersons } from './open-persons.ts'
import { openStores, type Stores } from './open-stores.ts'
import { type Processors, startProcessors } from './start-processors.ts'

const DAY_MS = 86_400_000

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
  await stores.vault.ping()
  await ensureAuditTopic(stores.log, config.auditDays * DAY_MS)
  await declareCollections(stores)

  const basics = { config, stores, telemetry, logger, shutdown, now }
  const takesEvents = parts.includes('gateway')
  const persons = await openPersons(basics)
  const { ring, people } = persons
  const audit = openAudit(stores.log, now)
  let processors: Processors | undefined
  const onLive = () => void processors?.refresh()
  const live = await openContracts({ ...basics, ring, audit, takesEvents, onLive })
  const { catalogue, access } = live
  shutdown.onStop('access', access.watch(config.watchIntervalMs))
  const opened = { ...basics, ...persons, ...live, audit }
  if (parts.includes('processors')) processors = await startProcessors({ ...opened, leaseMs: people.leaseMs })
  shutdown.onStop(
    'domain keys',
    every(people.leaseMs, () => ring.refresh(), logger),
  )
  shutdown.onStop('watch', catalogue.watch(config.watchIntervalMs))

  const draining = new AbortController()
  const app = await makeServer({ ...opened, ...(processors && { processors }), draining: draining.signal }, takesEvents)
  const devKeys = takesEvents && (await makeDevCredentials(config, stores.vault))
  // Fastify hands on what its types do not name.
  const listening = { host: config.host, port: config.port, reusePort: sharePort }
  const address = await app.listen(listening)
  shutdown.onStop('http', async () => {
    draining.abort()
    await sleep(config.drainMs)
    await app.close()
  })
  logger.info({ address, parts, datasets: catalogue.all().map(({ dataset }) => dataset) }, `listening on ${address}`)
  if (devKeys) tellDevCredentials(config, devKeys)
  return { address, logger, stores, stop: shutdown.stop }
}

type ServerDeps = Omit<GatewayDeps, 'ports' | 'log' | 'vault' | 'documents' | 'tables' | 'eventTables' | 'lake'> & {
  stores: Stores
  shutdown: Shutdown
}

/** The HTTP server of this process; it does not listen yet. */
function makeServer({ stores, shutdown, ...deps }: ServerDeps, takesEvents: boolean): Promise<Gateway> {
  const { log, registry, vault, documents, tables, lake, erasures } = stores
  const ports = { 'event-log': log, vault, registry, documents, tables, lake, erasures }
  const { onLoginFailure, flush } = countLoginFailures(deps.audit, deps.now)
  shutdown.onStop('login failures', flush)
  shutdown.onStop('login failures by the minute', every(LOGIN_FAILURES_MS, flush, deps.logger))
  if (!takesEvents) return makeHealthServer({ ...deps, ports })
  const opened = { tables: openAggregateTables(tables), eventTables: openEventTables(tables) }
  const read = { log, vault, documents, ...opened, lake }
  return makeGateway({ ...deps, ports, ...read, onLoginFailure })
}

async function declareCollections({ documents }: Stores): Promise<void> {
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
}
