// Starts what carries events from the log to where they rest, works on persons' requests, and keeps stores and keys in
// order as time goes by.

import { setTimeout as sleep } from 'node:timers/promises'
import type { LiveAlerts } from '../governance/alerts/live-alerts.ts'
import { newestHead } from '../governance/audit/stored-tree.ts'
import { recordAuditNotes } from '../governance/audit/vault-notes.ts'
import { type AnomalyWatch, openAnomalyWatch } from '../processors/anomalies/watch-datasets.ts'
import { openIncarnations } from '../processors/incarnations.ts'
import { startLake } from '../processors/lake/start-lake.ts'
import { openConservation } from '../processors/ledger/open-conservation.ts'
import { ARCHIVE_GROUP, LEDGER_GROUP, type Pipeline, QUARANTINE_GROUP, startPipeline } from '../processors/pipeline.ts'
import { openQuality } from '../processors/quality/open-quality.ts'
import { releaseUnrestricted } from '../processors/release-held.ts'
import { openRetentions } from '../processors/retentions.ts'
import { untilPassed } from '../processors/until-passed.ts'
import { openAggregation } from '../processors/windows/open-aggregation.ts'
import { every } from '../runtime/every.ts'
import { loggable } from '../runtime/loggable.ts'
import type { Shutdown } from '../runtime/shutdown.ts'
import type { Telemetry } from '../runtime/telemetry.ts'
import { openEventTables } from '../storage/event-rows.ts'
import { keepEpochs } from './keep-epochs.ts'
import { observeQuality } from './observe-quality.ts'
import type { Stores } from './open-stores.ts'
import { startAlerts } from './start-alerts.ts'
import { type StartRequestsDeps, startRightsRequests } from './start-requests.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Shorter than a scrape may take. */
const LAG_MS = 3_000

export interface StartProcessorsDeps
  extends Omit<StartRequestsDeps, 'retentions' | 'incarnations' | 'auditHead' | 'windows'> {
  telemetry: Telemetry
  shutdown: Shutdown
}

export interface Processors extends Pick<Pipeline, 'failing'> {
  /** Takes up what went live since; never rejects. */
  refresh(): Promise<void>
  /** What is wrong with the rules of alerts. */
  alertDiagnostics: LiveAlerts['diagnostics']
}

/** Starts; all of it stops with `shutdown`. */
export async function startProcessors(deps: StartProcessorsDeps): Promise<Processors> {
  const { config, stores, telemetry, signer, logger, shutdown, now } = deps
  const { vault, documents } = stores
  const tables = openEventTables(stores.tables)
  const work = {
    ...deps,
    retentions: openRetentions({ ...deps, vault, documents }),
    incarnations: openIncarnations(vault),
  }
  const repeat = (name: string, intervalMs: number, turn: () => Promise<void>) =>
    shutdown.onStop(name, every(intervalMs, turn, logger))

  const aggregation = openAggregation({
    ...stores,
    ...work,
    group: ARCHIVE_GROUP,
    maxGroups: config.aggregateGroups,
    maxRows: config.aggregateRows,
  })
  const conservation = openConservation({ ...stores, ...work, group: ARCHIVE_GROUP })
  const pipeline = await startPipeline({
    ...stores,
    ...work,
    tables,
    aggregation,
    conservation,
    quality: openQuality({ ...work, documents }),
    auditRetentionMs: config.auditDays * DAY_MS,
    batchSize: config.processorBatch,
    count: archiveCount(telemetry),
  })
  shutdown.onStop('processors', pipeline.stop)
  repeat('audit heads', config.auditHeadMs, () => pipeline.signAuditHead(signer))
  const lake = await startLake({
    ...stores,
    ...work,
    batchSize: config.processorBatch,
    flush: { rows: config.lakeFlushRows, bytes: config.lakeFlushBytes, ms: config.lakeFlushMs },
    upkeepMs: config.maintenanceIntervalMs,
    count: lakeCount(telemetry),
  })
  shutdown.onStop('lake', lake.stop)
  observeLag(telemetry, 'ecluse_lake_lag_records', 'Records whose events are not in the lake yet', lake)
  const refresh = () =>
    Promise.all([pipeline.refresh(), lake.refresh()]).then(
      () => {},
      error => logger.error({ err: loggable(error) }, 'processors could not be refreshed'),
    )
  void refresh()
  observeLag(telemetry, 'ecluse_processor_lag_records', 'Records not yet handled', pipeline)
  observeQuality({ ...work, documents })

  const auditHead = async () => (await newestHead(documents))?.head ?? null
  shutdown.onStop('requests', startRightsRequests({ ...work, auditHead, windows: aggregation.erased }))
  repeat('maintenance', config.maintenanceIntervalMs, async () => {
    await maintain(stores, now())
    // What failed when a contract went live is tried again.
    await pipeline.refresh()
    await deps.packages.destroyEnded()
    await releaseUnrestricted({ ...work, vault, documents, tables })
  })
  repeat('windows', config.maintenanceIntervalMs, async () => {
    await aggregation.recomputeNoted(untilPassed)
  })
  repeat('ledger', config.maintenanceIntervalMs, () => conservation.check(untilPassed))
  const watch = openAnomalyWatch({
    ...stores,
    ...work,
    groups: { events: ARCHIVE_GROUP, quarantine: QUARANTINE_GROUP, ledger: LEDGER_GROUP },
  })
  observeAnomalies(telemetry, watch)
  repeat('anomalies', Math.min(config.maintenanceIntervalMs, MINUTE_MS), () => watch.turn(untilPassed))
  const alertDiagnostics = await startAlerts({ ...deps, documents })
  repeat('audit notes', config.maintenanceIntervalMs, () => recordAuditNotes(vault, deps.audit))
  repeat('epochs', config.maintenanceIntervalMs, keepEpochs({ ...deps, vault }, { ...config, leaseMs: deps.leaseMs }))
  return { refresh, failing: () => [...pipeline.failing(), ...lake.failing()], alertDiagnostics }
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

function lakeCount({ meter }: Telemetry) {
  const events = meter.createCounter('ecluse_lake_rows', { description: 'Events that came into the lake' })
  return (dataset: string, rows: number) => {
    if (rows > 0) events.add(rows, { dataset })
  }
}

function observeAnomalies({ meter }: Telemetry, { open }: AnomalyWatch): void {
  meter
    .createObservableGauge('ecluse_anomalies_open', { description: 'Anomalies that nobody looked at yet' })
    .addCallback(result => {
      for (const { count, ...labels } of open()) result.observe(count, labels)
    })
}

function observeLag({ meter }: Telemetry, name: string, description: string, group: Pick<Pipeline, 'lag'>): void {
  meter.createObservableGauge(name, { description }).addCallback(async result => {
    // Without the log there is no lag to tell; the other metrics must not wait for it.
    const lag = await Promise.race([group.lag().catch(() => undefined), sleep(LAG_MS, undefined, { ref: false })])
    if (lag !== undefined) result.observe(lag)
  })
}
