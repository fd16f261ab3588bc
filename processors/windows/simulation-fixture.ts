// For tests alone: a log in memory, and processors over real embedded stores that fail, die and meet each other as chance
// has it. All chance comes from one seed.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Aggregate } from '../../governance/contract/aggregate.ts'
import type { Catalogue } from '../../governance/contract/catalogue.ts'
import { openKeyRing } from '../../governance/subjects/key-ring.ts'
import { makeLogger } from '../../runtime/logger.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import { openSqliteDocuments } from '../../storage/documents/sqlite.ts'
import type { LogEnd } from '../../storage/event-log/event-log.ts'
import { type EventRecord, writeEventRecord } from '../../storage/event-record.ts'
import { openEventTables } from '../../storage/event-rows.ts'
import { collections } from '../../storage/stored-shapes.ts'
import { openSqliteTables } from '../../storage/tables/sqlite.ts'
import type { Tables } from '../../storage/tables/tables.ts'
import { openSqliteVault } from '../../storage/vault/sqlite.ts'
import { documentsHolder } from '../holders/documents-holder.ts'
import { openIncarnations } from '../incarnations.ts'
import { type PipelineDeps, processEvents } from '../pipeline.ts'
import { openRetentions } from '../retentions.ts'
import { aggregationOver } from './aggregation-fixture.ts'
import type { Aggregation } from './open-aggregation.ts'

const DAY_MS = 86_400_000
const DATASET = 'orders'
const TOPIC = `ecluse.${DATASET}`

/** mulberry32. */
export function chanceOf(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    /** A whole number below this. */
    below: (end: number) => Math.floor(next() * end),
    happens: (probability: number) => next() < probability,
    oneOf: <T>(items: readonly T[]) => items[Math.floor(next() * items.length)]!,
  }
}
export type Chance = ReturnType<typeof chanceOf>

const nextTurn = () => new Promise<void>(resolve => void setImmediate(resolve))

class Fault extends Error {}

/** Each call may wait a while, and throw: before it did anything, half-way, or when all is done. */
function faulty<Store extends Documents | Tables>(store: Store, chance: Chance, faults: { rate: number }): Store {
  const writes = ['upsert', 'remove', 'upsertNewer', 'insertFirst', 'delete']
  return new Proxy(store, {
    get: (target, name: string) => {
      const method = target[name as keyof Store] as (...args: unknown[]) => Promise<unknown>
      return async (...args: unknown[]) => {
        while (chance.happens(0.4)) await nextTurn()
        const fault = chance.happens(faults.rate) ? chance.below(3) : undefined
        if (fault === 0) throw new Fault('before')
        if (fault === 1 && writes.includes(name)) {
          await method(
            args[0],
            (args[1] as unknown[]).filter(() => chance.happens(0.5)),
          )
          throw new Fault('half-way')
        }
        const result = await method(...args)
        if (fault === 2) throw new Fault('after')
        while (chance.happens(0.3)) await nextTurn()
        return result
      }
    },
  })
}

export interface Simulation {
  append(partition: number, record: EventRecord): void
  /** One batch by one of the processors; what fails comes again. Behind everything: nothing. */
  turn(partition: number): Promise<void>
  /** Reads a partition again from some offset at or before its position. */
  goBack(partition: number): void
  restart(): void
  erase(pseudonym: string): Promise<void>
  recomputeNoted(): Promise<void>
  /** No fault any more; everything is handled and computed. */
  settle(): Promise<void>
  documents: Documents
  tables: Tables
  erased: Set<string>
  /** First copies, of all partitions. */
  firsts(): EventRecord[]
}

export async function openSimulation(
  chance: Chance,
  { aggregates, partitions, maxGroups }: { aggregates: Aggregate[]; partitions: number; maxGroups: number },
): Promise<Simulation & { close(): Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-windows-'))
  const documents = await openSqliteDocuments(join(dir, 'documents.sqlite'))
  const tables = await openSqliteTables(join(dir, 'tables.sqlite'))
  const vault = openSqliteVault(join(dir, 'vault.sqlite'))
  for (const [name, settings] of Object.entries(collections)) await documents.ensureCollection(name, settings)
  const ring = await openKeyRing(vault, Buffer.alloc(32, 1), Date.now)
  const retentionMs = { log: 7 * DAY_MS, events: 400 * DAY_MS, quarantine: DAY_MS, lake: DAY_MS }
  const contract = { dataset: DATASET, retentionMs, aggregates }
  const catalogue = { all: () => [contract], find: () => contract } as unknown as Catalogue
  const erased = new Set<string>()
  const records: EventRecord[][] = Array.from({ length: partitions }, () => [])
  const positions: number[] = records.map(() => 0)
  const faults = { rate: 0.02 }
  const endsNow = (): LogEnd[] =>
    records.map((all, partition) => ({ topic: TOPIC, incarnation: 'i', partition, offset: all.length }))
  const log = {
    ends: async () => endsNow(),
    hasPassed: async (_: string, ends: LogEnd[]) =>
      ends.every(({ partition, offset }) => positions[partition]! >= offset),
  }
  const logger = makeLogger('json', 'silent')
  const holder = documentsHolder({ documents, contracts: { find: async () => undefined }, logMs: () => DAY_MS })

  function processor(): Pick<PipelineDeps, 'aggregation'> & { aggregation: Aggregation } & PipelineDeps {
    const over = { documents: faulty(documents, chance, faults), tables: faulty(tables, chance, faults) }
    const retentions = openRetentions({ vault, documents, catalogue, logger, now: Date.now })
    const findErasedPseudonyms = async (named: string[]) => new Set(named.filter(each => erased.has(each)))
    const aggregation = aggregationOver({ ...over, log, catalogue, ring, maxGroups, maxRows: 1 + chance.below(60) })
    return {
      ...{ ...over, aggregation, catalogue, retentions, logger, now: Date.now, count: () => {} },
      // What the ledger counts is no matter here.
      conservation: { countEvents: async () => {}, carry: async () => {} },
      quality: { measureEvents: async () => {}, countCauses: async () => {} },
      ...{ contracts: { find: async () => undefined }, vault: { findErasedPseudonyms } },
      ...{ tables: openEventTables(over.tables), incarnations: openIncarnations(vault) },
    } as unknown as PipelineDeps & { aggregation: Aggregation }
  }
  const processors = [processor(), processor()]
  let zombies: Promise<unknown>[] = []

  const batchOf = (partition: number, from: number, size: number) => ({
    ...{ topic: TOPIC, incarnation: 'i', partition },
    records: records[partition]!.slice(from, from + size).map((record, i) => ({
      ...writeEventRecord(record, Buffer.alloc(5)),
      ...{ topic: TOPIC, partition, offset: from + i, timestampMs: 0 },
    })),
  })

  async function turn(partition: number): Promise<void> {
    const from = positions[partition]!
    const batch = batchOf(partition, from, 1 + chance.below(12))
    if (batch.records.length === 0) return
    // Somebody who lost the partition goes on with it for a while.
    if (chance.happens(0.15)) zombies.push(processEvents(chance.oneOf(processors), DATASET, batch).catch(() => {}))
    const size = 1 + chance.below(batch.records.length)
    try {
      await processEvents(chance.oneOf(processors), DATASET, { ...batch, records: batch.records.slice(0, size) })
      if (chance.happens(0.9) && positions[partition] === from) positions[partition] = from + size
    } catch (error) {
      if (!(error instanceof Fault)) throw error
    }
  }

  const anyTurn = () => turn(chance.below(partitions))

  async function pass(ends: LogEnd[]): Promise<void> {
    while (!(await log.hasPassed('', ends))) await anyTurn()
  }

  async function until<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!(error instanceof Fault)) throw error
      }
    }
  }

  const waitForZombies = async () => {
    const waited = zombies
    zombies = []
    await Promise.all(waited)
  }

  /** As `erase` and `recompute` do it. */
  async function erase(pseudonym: string): Promise<void> {
    const persons = [{ lookup: '', pseudonym }]
    erased.add(pseudonym)
    await pass(endsNow())
    await holder.erase(persons)
    await waitForZombies()
    while ((await holder.countLeft(persons)) > 0) await holder.erase(persons)
    const { noted } = chance.oneOf(processors).aggregation
    const begun = await until(() => noted.begin(persons))
    const others = Array.from({ length: chance.below(4) }, anyTurn)
    await pass(begun.ends)
    // Another process may take it up.
    const compute = () => chance.oneOf(processors).aggregation.noted.compute(begun)
    await Promise.all([until(compute), ...Array.from({ length: chance.below(4) }, anyTurn), ...others])
    await until(() => chance.oneOf(processors).aggregation.noted.end(persons, begun))
  }

  async function recomputeNoted(): Promise<void> {
    const passes = async (hasPassed: () => Promise<boolean>) => {
      while (!(await hasPassed())) {
        if (chance.happens(0.2)) return false
        await anyTurn()
      }
      return true
    }
    await chance
      .oneOf(processors)
      .aggregation.recomputeNoted(passes)
      .catch(() => {})
  }

  return {
    append: (partition, record) => void records[partition]!.push(record),
    turn,
    goBack: partition => {
      positions[partition] = chance.below(positions[partition]! + 1)
    },
    restart: () => {
      processors[chance.below(2)] = processor()
    },
    erase,
    recomputeNoted,
    settle: async () => {
      faults.rate = 0
      await pass(endsNow())
      await waitForZombies()
      // A processor that was in the middle of a turn ends that one first: notes that came since are for the next.
      for (const { aggregation } of processors) while ((await aggregation.recomputeNoted(async () => true)) > 0);
    },
    documents,
    tables,
    erased,
    firsts: () => records.flatMap(all => [...new Map(all.toReversed().map(record => [record.id, record])).values()]),
    close: async () => {
      await waitForZombies()
      for (const store of [documents, tables, vault]) await store.close()
      rmSync(dir, { recursive: true })
    },
  }
}
