// Days of made-up payments: their number has its hours, all of it has its noise, and faults can be put into the events. A
// gateway's own parts take them to the log. Of what is as usual, payments that it took before come again, as others.

import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { ingest } from '../gateway/ingest.ts'
import type { LiveContract } from '../governance/contract/catalogue.ts'
import { eventReaders } from '../governance/contract/event-parts.ts'
import { loadContracts } from '../governance/contract/load.ts'
import { ledgerTopicOf, quarantineTopicOf, topicOf } from '../governance/contract/topic-of.ts'
import type { IncomingEvent } from '../governance/ingestion/incoming-event.ts'
import { openReceipts } from '../governance/ingestion/receipts.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import { openPeople } from '../governance/subjects/people.ts'
import { pick } from '../sources/simulate/seeded-random.ts'
import { spoilEvent } from '../sources/simulate/spoil-event.ts'
import { makeTransaction } from '../sources/simulate/transactions.ts'
import type { LogEntry } from '../storage/event-log/event-log.ts'
import type { JsonObject } from '../storage/json.ts'
import { readQuarantineRecord, writeQuarantineRecord } from '../storage/quarantine-record.ts'
import { openPaymentWindows } from './payment-windows.ts'
import { temporaryVault } from './temporary-vault.ts'

export const DATASET = 'transactions'
export const MINUTE_MS = 60_000
export const DAY = 1_440
/** A Monday. */
export const START_MS = Date.parse('2026-11-02T00:00:00Z')

const ROOT = join(import.meta.dirname, '..')
/** Payments a minute at one o'clock in the afternoon, UTC, and twelve hours later; and how much one day differs. */
const PEAK = 120
const LEAST = 2
const DAY_NOISE = 0.04
/** A payment arrives so long after it was made, at most. */
const ON_ITS_WAY_MS = 120_000
/** What is never quite right: shares of payments. */
const SPOILT = 0.005
const WITHOUT_PLACE = 0.03
const SENT_AGAIN = 0.005
/** Payments that come again as others. */
const POOL = 2_000

/** Changes a minute's payments. @param more makes as many as are usual then */
export type EventFault = (payments: JsonObject[], more: () => JsonObject[]) => JsonObject[]

export async function openPaymentStream(t: TestContext, random: () => number) {
  let nowMs = START_MS
  const now = () => nowMs
  const contract = await livePayments()
  const { vault } = await temporaryVault(t)
  const ring = await openKeyRing(vault, Buffer.alloc(32, 1), now)
  const people = await openPeople(vault, ring, { leaseMs: 60_000, cachedPersons: 10_000 })
  const { append, handle, ...windows } = await openPaymentWindows(t, { contract, vault, now })

  /** @param to the log */
  async function ingestAll(events: JsonObject[], to: (entries: LogEntry[]) => void): Promise<void> {
    await ingest(
      {
        ...{ ring, people, now, maxRecordBytes: 1_048_576, tellSuppressed: 'suppressed', count: () => {} },
        receipts: receiptsTo(to),
      },
      {
        ...{ contract, schemaVersion: undefined, contentType: 'application/json', traceparent: '00-1-1-01' },
        ...{ events: chunkOf(events), makeId: () => randomUUID(), onArrival: () => {} },
      },
    )
  }

  const pool: LogEntry[] = []
  await ingestAll(
    Array.from({ length: POOL }, () => makePayment(nowMs, random)),
    entries => pool.push(...entries.filter(({ topic }) => topic !== ledgerTopicOf(DATASET))),
  )
  const receipts = receiptsTo(append)

  async function receiveUsual(): Promise<void> {
    const payments = Array.from({ length: volumeAt(nowMs, random) }, () => asOther(pick(random, pool), nowMs, random))
    const entries = [...payments, ...payments.filter(() => random() < SENT_AGAIN)]
    const accepted = entries.filter(({ topic }) => topic === topicOf(DATASET)).length
    const counts = { received: entries.length, accepted, suppressed: 0, rejected: entries.length - accepted }
    if (entries.length > 0) await receipts.append({ dataset: DATASET, receivedAtMs: nowMs, ...counts }, entries)
  }

  async function receiveFaulty(fault: EventFault): Promise<void> {
    const make = () => Array.from({ length: volumeAt(nowMs, random) }, () => makePayment(nowMs, random))
    const events = fault(make(), make)
    if (events.length > 0) await ingestAll(events, append)
  }

  return {
    ...windows,
    contract,
    now,
    /** So many minutes go by, and processors handle what came in. */
    pass: async (minutes: number, fault?: EventFault) => {
      for (const endMs = nowMs + minutes * MINUTE_MS; nowMs < endMs; ) {
        const minuteMs = nowMs
        nowMs += Math.floor(random() * MINUTE_MS)
        await (fault ? receiveFaulty(fault) : receiveUsual())
        nowMs = minuteMs + MINUTE_MS
      }
      await handle()
    },
    /** Judges what is closed, half a minute after the minute. */
    judge: async () => {
      nowMs += MINUTE_MS / 2
      await windows.watch.turn(hasPassed => hasPassed())
      nowMs -= MINUTE_MS / 2
    },
  }
}

/** As it goes live, but for a registry. */
async function livePayments(): Promise<LiveContract> {
  const { contracts } = await loadContracts({
    ...{ schemasDir: join(ROOT, 'schemas'), policiesDir: join(ROOT, 'policies'), maxViolations: 20 },
  })
  const contract = contracts.get(DATASET)!
  const wirePrefixes = new Map([...contract.versions.keys()].map(version => [version, Buffer.alloc(5)]))
  return { ...contract, readers: eventReaders(contract), wirePrefixes }
}

function receiptsTo(append: (entries: LogEntry[]) => void) {
  return openReceipts({
    append: async (entries, receipt) => {
      append([...entries, ...(receipt?.() ?? [])])
      return []
    },
  })
}

async function* chunkOf(events: JsonObject[]): AsyncGenerator<IncomingEvent[]> {
  yield events.map((value, index) => ({ index, raw: Buffer.from(JSON.stringify(value)), value }))
}

function makePayment(atMs: number, random: () => number): JsonObject {
  const payment = makeTransaction(random, atMs)
  if (random() < WITHOUT_PLACE) delete payment.lieu
  return random() < SPOILT ? spoilEvent(payment, DATASET, random).event : payment
}

/** What was appended of a payment, as that of another one which comes in now. */
function asOther({ topic, record }: LogEntry, atMs: number, random: () => number): LogEntry {
  const [id, receivedAt] = [randomUUID(), new Date(atMs).toISOString()]
  if (topic === quarantineTopicOf(DATASET)) {
    const rejected = readQuarantineRecord(record)!
    return { topic, record: writeQuarantineRecord({ ...rejected, id, receivedAt }) }
  }
  const time = new Date(atMs - Math.floor(random() * ON_ITS_WAY_MS)).toISOString()
  const headers = { ...record.headers, ce_id: id, ce_time: time, ecluse_received: receivedAt }
  return { topic, record: { ...record, headers } }
}

/** Payments that come in in a minute of this time of day. */
function volumeAt(atMs: number, random: () => number): number {
  const minute = Math.floor(atMs / MINUTE_MS)
  const season = ((1 + Math.cos((2 * Math.PI * ((minute % DAY) - 780)) / DAY)) / 2) ** 5
  const day = 1 + DAY_NOISE * (((Math.floor(minute / DAY) * 7_919) % 11) / 10 - 0.5)
  const most = Math.exp(-day * (LEAST + (PEAK - LEAST) * season))
  let count = 0
  for (let product = random(); product > most; product *= random()) count++
  return count
}
