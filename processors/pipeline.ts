// From the log to where events rest: each batch of a partition is archived, told first copy from duplicate and
// conflict, the first copies fill the tables and the windows and are measured, and only then is its position committed. Exact after a
// crash, a replay or two owners of one partition, because the archive decides once which copy has effect.

import { AUDIT_TOPIC } from '../governance/audit/record.ts'
import type { Signer } from '../governance/audit/sign.ts'
import type { Catalogue } from '../governance/contract/catalogue.ts'
import { ledgerTopicOf, quarantineTopicOf, topicOf } from '../governance/contract/topic-of.ts'
import { loggable } from '../runtime/loggable.ts'
import type { Logger } from '../runtime/logger.ts'
import type { EventLog, RecordBatch } from '../storage/event-log/event-log.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { applyRetention, type RetentionDeps } from './apply-retention.ts'
import { archiveEvents, type DuplicateEvent, toStoredEvent } from './archive-events.ts'
import { type AuditTreeDeps, buildAuditTree } from './build-audit-tree.ts'
import { carryQuarantine } from './carry-quarantine.ts'
import { consumeGroup } from './consume-group.ts'
import { fillTables } from './fill-tables.ts'
import type { Conservation } from './ledger/open-conservation.ts'
import { noteMentions } from './note-mentions.ts'
import { notePassedOver } from './note-passed-over.ts'
import { type PassOverDeps, passOverErased } from './pass-over-erased.ts'
import type { Quality } from './quality/open-quality.ts'
import { type PlacedEvent, readRecords } from './read-records.ts'
import type { Retentions } from './retentions.ts'
import { settleRectifications } from './settle-rectifications.ts'
import { signAuditHead } from './sign-audit-head.ts'
import { storeAnomalies } from './store-anomalies.ts'
import type { BatchRange } from './windows/add-to-windows.ts'
import type { Aggregation } from './windows/open-aggregation.ts'
import type { Part } from './windows/places-of.ts'
import { toWindowEvent } from './windows/recompute-day.ts'

export const ARCHIVE_GROUP = 'ecluse.archive'
export const QUARANTINE_GROUP = 'ecluse.quarantine'
export const LEDGER_GROUP = 'ecluse.ledger'
export const AUDIT_GROUP = 'ecluse.audit'

export interface PipelineDeps
  extends RetentionDeps,
    Pick<AuditTreeDeps, 'auditRetentionMs'>,
    Pick<PassOverDeps, 'contracts'> {
  catalogue: Catalogue
  log: EventLog
  vault: Vault
  retentions: Retentions
  logger: Logger
  aggregation: Pick<Aggregation, 'add' | 'watermarks'>
  conservation: Pick<Conservation, 'countEvents' | 'carry'>
  quality: Quality
  batchSize: number
  /** Told what became of records: effective, held, duplicate, conflict, erased, unreadable, quarantined. */
  count: (dataset: string, effect: string, records: number) => void
}

export interface Pipeline {
  /** Takes up the topics of contracts that went live since, and applies what changed of their retention. */
  refresh(): Promise<void>
  /** Signs the audit's tree as it is, if it grew. @throws AuditFork where it contradicts what was signed before */
  signAuditHead(signer: Signer): Promise<void>
  /** Records not yet handled. */
  lag(): Promise<number>
  /** Topics of which some batch could not be handled, and groups that could not be joined: it is tried again. */
  failing(): string[]
  stop(): Promise<void>
}

/** One batch of a dataset's topic. Whatever throws here brings the same batch again. */
export async function processEvents(deps: PipelineDeps, dataset: string, batch: RecordBatch): Promise<void> {
  const { aggregation } = deps
  const retention = await deps.retentions.inForce(dataset)
  const { events, unreadable } = readRecords(batch)
  const { living, passedOver } = await passOverErased(deps, events)
  await noteMentions(deps, 'events', living, retention?.events)
  const [part, range] = placeOf(dataset, batch)
  const { marks, reached } = await aggregation.watermarks.over(part, range, living)
  const marked = living.map((event, i) => ({ ...event, watermark: marks[i]! }))
  const { effective, duplicates, conflicts } = await archiveEvents(deps.documents, marked, retention?.events)
  await settleRectifications(deps, dataset, effective, retention)
  await noteMentions(deps, 'anomalies', conflicts, retention?.events)
  await storeAnomalies(deps, dataset, { conflicts, unreadable }, retention?.events)
  await notePassedOver(deps, [...passedOver, ...duplicates].map(passed), deps.catalogue.find(dataset)?.retentionMs.log)

  const held = effective.filter(({ record }) => record.held)
  const unheld = effective.filter(({ record }) => !record.held)
  const stored = unheld.map(toStoredEvent)
  await fillTables(deps, dataset, stored, retention)
  const counted = stored.filter(({ rectifiedBy }) => rectifiedBy === null)
  const late = await aggregation.add(part, range, reached, counted.map(toWindowEvent))
  await deps.quality.measureEvents(dataset, batch, effective, retention?.events)
  const handled = { dataset, effective, duplicates, conflicts, passedOver, unreadable }
  await deps.conservation.countEvents(batch, handled, retention?.events)

  deps.count(dataset, 'effective', unheld.length)
  deps.count(dataset, 'held', held.length)
  deps.count(dataset, 'duplicate', duplicates.length)
  deps.count(dataset, 'conflict', conflicts.length)
  deps.count(dataset, 'erased', passedOver.length)
  deps.count(dataset, 'unreadable', unreadable.length)
  deps.count(dataset, 'late for a window', late)
}

/** Starts consuming the audit, and every live dataset's topics: its events, those that were rejected, and their counts. */
export async function startPipeline(deps: PipelineDeps): Promise<Pipeline> {
  const failing = new Set<string>()
  const groups = [
    consumeGroup(deps, failing, {
      group: ARCHIVE_GROUP,
      topicOf,
      handle: (dataset, batch) => processEvents(deps, dataset, batch),
    }),
    consumeGroup(deps, failing, {
      group: QUARANTINE_GROUP,
      topicOf: quarantineTopicOf,
      handle: (dataset, batch) => carryQuarantine(deps, dataset, batch),
    }),
    consumeGroup(deps, failing, {
      group: LEDGER_GROUP,
      topicOf: ledgerTopicOf,
      handle: async (dataset, batch) =>
        deps.count(dataset, 'unreadable', await deps.conservation.carry(dataset, batch)),
    }),
  ]
  const audit = consumeGroup(deps, failing, {
    group: AUDIT_GROUP,
    topicOf: () => AUDIT_TOPIC,
    handle: (_dataset, batch) => buildAuditTree(deps, batch),
  })
  let refreshed = Promise.resolve()
  const datasets = () => deps.catalogue.all().map(({ dataset }) => dataset)

  async function consumeAll(): Promise<void> {
    await audit.consume([AUDIT_TOPIC])
    for (const group of groups) await group.consume(datasets())
  }

  async function refresh(): Promise<void> {
    await consumeAll()
    for (const contract of deps.catalogue.all()) {
      const { dataset } = contract
      await applyRetention(deps, contract).catch(error =>
        deps.logger.error({ dataset, err: loggable(error) }, 'retention was not applied; it will be tried again'),
      )
    }
  }

  await consumeAll()
  return {
    refresh: () => {
      // One after the other: no group is joined twice, and the newest retention is applied last.
      const next = refreshed.then(refresh)
      refreshed = next.catch(() => {})
      return next
    },
    signAuditHead: async signer => {
      const place = `${AUDIT_TOPIC}/head`
      const fail = (error: unknown) => {
        failing.add(place)
        throw error
      }
      await signAuditHead(deps.documents, { signer, now: deps.now }).catch(fail)
      failing.delete(place)
    },
    lag: async () =>
      (await deps.log.lag(AUDIT_GROUP, [AUDIT_TOPIC])) +
      (await deps.log.lag(ARCHIVE_GROUP, datasets().map(topicOf))) +
      (await deps.log.lag(QUARANTINE_GROUP, datasets().map(quarantineTopicOf))) +
      (await deps.log.lag(LEDGER_GROUP, datasets().map(ledgerTopicOf))),
    failing: () => [...new Set([...failing].map(place => place.split('/')[0]!))],
    stop: async () => {
      await refreshed
      await Promise.all([audit, ...groups].map(group => group.stop()))
    },
  }
}

/** A batch's place: its partition, and the offsets it reaches over. */
function placeOf(dataset: string, { incarnation, partition, records }: RecordBatch): [Part, BatchRange] {
  return [
    { dataset, incarnation, partition },
    { from: records[0]!.offset, next: records.at(-1)!.offset + 1 },
  ]
}

/** Its end in the log is counted from when that took it. */
const passed = ({ record, position, copyOf }: PlacedEvent & Partial<DuplicateEvent>) => ({
  ...record,
  receivedAt: record.replay?.at ?? record.receivedAt,
  position,
  ...(copyOf && { copyOf }),
})
