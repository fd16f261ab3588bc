// What processors do of the log's records of payments as far as windows come of it, in their own order and with their own
// parts. The log is a list, the archive a set of ids, and time is the test's.

import type { TestContext } from 'node:test'
import type { LiveContract } from '../governance/contract/catalogue.ts'
import { ledgerTopicOf, quarantineTopicOf, topicOf } from '../governance/contract/topic-of.ts'
import { openAnomalyWatch, type WatchDeps } from '../processors/anomalies/watch-datasets.ts'
import { carryQuarantine } from '../processors/carry-quarantine.ts'
import { temporaryDocuments } from '../processors/documents-fixture.ts'
import { openConservation } from '../processors/ledger/open-conservation.ts'
import { openQuality } from '../processors/quality/open-quality.ts'
import { type PlacedEvent, readRecords } from '../processors/read-records.ts'
import { openRetentions } from '../processors/retentions.ts'
import { makeLogger } from '../runtime/logger.ts'
import type { LogEntry, Position, RecordBatch } from '../storage/event-log/event-log.ts'
import type { Vault } from '../storage/vault/vault.ts'

const PARTITIONS = 2
const INCARNATION = 'i'

export async function openPaymentWindows(
  t: TestContext,
  { contract, vault, now }: { contract: LiveContract; vault: Vault; now: () => number },
) {
  const { dataset } = contract
  const documents = await temporaryDocuments(t)
  const catalogue = { all: () => [contract], find: () => contract }
  const logger = makeLogger('json', 'error')
  const log = { ends: async () => [], hasPassed: async () => true }
  const retentions = openRetentions({ vault, documents, catalogue, logger, now })
  const quality = openQuality({ documents, catalogue })
  const group = 'ecluse.archive'
  const conservation = openConservation({ documents, log, catalogue, retentions, logger, now, group })
  const waiting = new Map<string, RecordBatch>()
  const ends = new Map<string, number>()
  const archived = new Map<string, Position>()
  let appended = 0

  function append(entries: LogEntry[]): void {
    for (const { topic, record } of entries) {
      // One after the other, so that the same seed gives the same.
      const partition = appended++ % PARTITIONS
      const place = `${topic}/${partition}`
      const offset = ends.get(place) ?? 0
      ends.set(place, offset + 1)
      const batch = waiting.get(place) ?? { topic, partition, incarnation: INCARNATION, records: [] }
      batch.records.push({ ...record, topic, partition, offset, timestampMs: now() })
      waiting.set(place, batch)
    }
  }

  async function handle(batch: RecordBatch): Promise<void> {
    const { events: eventsMs } = (await retentions.inForce(dataset))!
    if (batch.topic === ledgerTopicOf(dataset)) await conservation.carry(dataset, batch)
    else if (batch.topic === quarantineTopicOf(dataset))
      await carryQuarantine({ retentions, documents, vault, quality, count: () => {} }, dataset, batch)
    else if (batch.topic === topicOf(dataset)) {
      const { events, unreadable } = readRecords(batch)
      const { effective: first = [], duplicates: copies = [] } = Object.groupBy(events, archive)
      await quality.measureEvents(dataset, batch, first, eventsMs)
      const effective = first.map(event => ({ ...event, rectifiedBy: null }))
      const duplicates = copies.map(event => ({ ...event, copyOf: archived.get(event.record.id)! }))
      const handled = { dataset, effective, duplicates, conflicts: [], passedOver: [], unreadable }
      await conservation.countEvents(batch, handled, eventsMs)
    }
  }

  function archive({ record: { id }, position }: PlacedEvent): 'effective' | 'duplicates' {
    if (archived.has(id)) return 'duplicates'
    archived.set(id, position)
    return 'effective'
  }

  const groups = { events: group, quarantine: 'ecluse.quarantine', ledger: 'ecluse.ledger' }
  const deps: WatchDeps = { documents, log, catalogue, retentions, logger, groups, now }
  return {
    documents,
    append,
    /** All that was appended. */
    handle: async () => {
      for (const batch of waiting.values()) await handle(batch)
      waiting.clear()
    },
    watch: openAnomalyWatch(deps),
  }
}
