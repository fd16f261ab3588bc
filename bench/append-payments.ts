// Appends payments as a gateway does, with what was rejected and the receipts of both, and reckons in the plainest way what
// has to come of them: groups of aggregates, and minutes of reception.

import assert from 'node:assert/strict'
import type { Aggregate } from '../governance/contract/aggregate.ts'
import type { Contract } from '../governance/contract/contract.ts'
import { readPointer } from '../governance/contract/event-parts.ts'
import { policyVersion } from '../governance/contract/stored-contract.ts'
import { ledgerTopicOf, quarantineTopicOf, topicOf } from '../governance/contract/topic-of.ts'
import type { EventLog, LogEntry } from '../storage/event-log/event-log.ts'
import type { EventRecord } from '../storage/event-record.ts'
import { minuteOf, writeLedgerRecord } from '../storage/ledger-record.ts'
import { writeQuarantineRecord } from '../storage/quarantine-record.ts'
import { paymentRecords, randomOf, toLogRecord } from './payment-records.ts'

const PARTITIONS = 3
const PERSONS = 20_000
const REJECTED = 0.01
const CAUSES = ['/montant type', '/devise enum', '(event) additionalProperties']
const APPENDED_AT_ONCE = 5_000
const DAY_MS = 86_400_000
export const MINUTE_MS = 60_000
export const DATASET = 'transactions'

export interface Group {
  events: number
  late: number
  cents: number
  amounts: number[]
}

/** What was received in one minute. */
export interface Received {
  accepted: number
  effective: number
  duplicates: number
  rejected: number
  causes: Map<string, number>
  withoutMeans: number
  amounts: number[]
  delays: number[]
}

export interface Reckoned {
  /** By aggregate, then by window's start and group. */
  groups: Map<Aggregate, Map<string, Group>>
  /** By start, ms. */
  minutes: Map<number, Received>
}

/** As a gateway appends: events, those that were rejected, and the receipts of both. */
export async function appendPayments(log: EventLog, contract: Contract, events: number): Promise<Reckoned> {
  const topics = [topicOf(DATASET), quarantineTopicOf(DATASET), ledgerTopicOf(DATASET)]
  for (const topic of topics) await log.ensureTopic(topic, { partitions: PARTITIONS, retentionMs: null })
  const groups: Reckoned['groups'] = new Map(contract.aggregates.map(aggregate => [aggregate, new Map()]))
  const minutes: Reckoned['minutes'] = new Map()
  const seen = new Set<string>()
  const watermarks = new Map<number, number>()
  const random = randomOf(2)
  let [number, appended] = [0, 0]

  const flush = async (records: EventRecord[]) => {
    const rejected = records.filter(() => random() < REJECTED).map(({ receivedAt }) => receivedAt)
    const counts = new Map<string, { accepted: number; rejected: number }>()
    const count = (receivedAt: string, outcome: 'accepted' | 'rejected') => {
      const of = counts.get(minuteOf(receivedAt)) ?? { accepted: 0, rejected: 0 }
      of[outcome]++
      counts.set(minuteOf(receivedAt), of)
    }
    for (const { receivedAt } of records) count(receivedAt, 'accepted')
    for (const receivedAt of rejected) count(receivedAt, 'rejected')
    const entries: LogEntry[] = [
      ...records.map(record => ({
        topic: topicOf(DATASET),
        record: { ...toLogRecord({ ...record, policy: policyVersion(contract) }), key: record.subject },
      })),
      ...rejected.map((receivedAt, i) => ({
        topic: quarantineTopicOf(DATASET),
        record: rejection(`r${number}-${i}`, receivedAt),
      })),
      ...[...counts].map(([minute, { accepted, rejected }]) => ({
        topic: ledgerTopicOf(DATASET),
        record: writeLedgerRecord({
          ...{ dataset: DATASET, writer: 'at-size', number: number++, minute },
          counts: { received: accepted + rejected, accepted, suppressed: 0, rejected, unanswered: 0 },
        }),
      })),
    ]
    const positions = await log.append(entries)
    appended += entries.length
    for (const receivedAt of rejected) minuteIn(minutes, receivedAt).rejected++
    // Copies of one event share a partition. Each is read in the order in which the log has it.
    const inOrder = records.map((record, i) => ({ record, ...positions[i]! })).sort((a, b) => a.offset - b.offset)
    for (const { record, partition } of inOrder) {
      const watermark = watermarks.get(partition) ?? Number.NEGATIVE_INFINITY
      watermarks.set(partition, Math.max(watermark, Date.parse(record.time)))
      const isFirst = !seen.has(record.id)
      seen.add(record.id)
      reckonMinute(minuteIn(minutes, record.receivedAt), record, isFirst)
      if (isFirst) for (const [aggregate, of] of groups) reckonGroup(aggregate, of, record, watermark)
    }
  }

  function rejection(id: string, receivedAt: string): LogEntry['record'] {
    const cause = CAUSES[Math.floor(random() * CAUSES.length)]!
    const { causes } = minuteIn(minutes, receivedAt)
    causes.set(cause, (causes.get(cause) ?? 0) + 1)
    const [pointer, keyword] = cause.split(' ') as [string, string]
    return writeQuarantineRecord({
      ...{ id, dataset: DATASET, receivedAt, schema: '1-0-0', policy: policyVersion(contract) },
      errors: [{ pointer: pointer === '(event)' ? '' : pointer, keyword, detail: '', fix: '' }],
      ...{ sealedBy: { by: 'day', key: 'none' }, sealed: '', expiresAtMs: Date.now() + DAY_MS },
    })
  }

  let records: EventRecord[] = []
  for (const record of paymentRecords({ events, persons: PERSONS, duplicates: 0.05, late: 0.05 }, randomOf(1))) {
    records.push(record)
    if (records.length < APPENDED_AT_ONCE) continue
    await flush(records)
    records = []
  }
  if (records.length > 0) await flush(records)
  // A send that was repeated would have appended some twice, of which nothing is reckoned here.
  const ends = await log.ends(topics)
  assert.equal(
    ends.reduce((sum, { offset }) => sum + offset, 0),
    appended,
  )
  return { groups, minutes }
}

function minuteIn(minutes: Reckoned['minutes'], receivedAt: string): Received {
  const ms = Math.floor(Date.parse(receivedAt) / MINUTE_MS) * MINUTE_MS
  const none = { accepted: 0, effective: 0, duplicates: 0, rejected: 0, withoutMeans: 0 }
  const minute = minutes.get(ms) ?? { ...none, causes: new Map(), amounts: [], delays: [] }
  minutes.set(ms, minute)
  return minute
}

function reckonMinute(minute: Received, { time, receivedAt, event }: EventRecord, isFirst: boolean): void {
  minute.accepted++
  if (!isFirst) {
    minute.duplicates++
    return
  }
  minute.effective++
  if (event.moyen_paiement === undefined) minute.withoutMeans++
  minute.amounts.push(event.montant as number)
  minute.delays.push(Date.parse(receivedAt) - Date.parse(time))
}

/** All four tumble, and count payments of at least 0 or all. */
function reckonGroup(
  aggregate: Aggregate,
  groups: Map<string, Group>,
  { time, event }: EventRecord,
  watermark: number,
) {
  const size = (aggregate.window as { tumbling: number }).tumbling
  const start = Math.floor(Date.parse(time) / size) * size
  const keys = aggregate.groupBy.map(({ pointer }) => readPointer(pointer)(event) ?? null)
  const name = `${start} ${JSON.stringify(keys)}`
  const group = groups.get(name) ?? { events: 0, late: 0, cents: 0, amounts: [] }
  groups.set(name, group)
  if (start + size + aggregate.latenessMs <= watermark) {
    group.late++
    return
  }
  group.events++
  group.cents += Math.round((event.montant as number) * 100)
  group.amounts.push(event.montant as number)
}
