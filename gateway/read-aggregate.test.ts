import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Aggregate } from '../governance/contract/aggregate.ts'
import { compileAggregate, OTHER_GROUPS } from '../governance/measures/compile-aggregate.ts'
import type { FixedWindow } from '../governance/measures/windows-of.ts'
import {
  AGGREGATES_TABLE,
  aggregateKey,
  fromAggregateRow,
  openAggregateTables,
  windowRow,
} from '../storage/aggregate-rows.ts'
import { openSqliteTables } from '../storage/tables/sqlite.ts'
import type { AggregateQuery } from './aggregate-page.ts'
import { readAggregate } from './read-aggregate.ts'

const HOUR_MS = 3_600_000
const START_MS = Date.parse('2026-11-21T10:00:00Z')

const aggregate: Aggregate & { window: FixedWindow } = {
  ...{ name: 'by-town', window: { tumbling: HOUR_MS }, latenessMs: 0, retentionMs: HOUR_MS, k: 3, perPerson: false },
  ...{ where: [], groupBy: [{ name: 'town', pointer: '/town', level: 'internal' }] },
  measures: [{ name: 'events', kind: 'count', parameters: {}, level: 'internal' }],
}

interface Given {
  town: string
  /** One event of each. */
  persons: number[]
  part?: string
  key?: string
  startMs?: number
}

type Range = Pick<AggregateQuery, 'fromMs' | 'limit'> & Partial<Pick<AggregateQuery, 'order'>>

async function shownOf(t: TestContext, given: Given[], range: Range = { fromMs: START_MS, limit: 100 }) {
  const dir = mkdtempSync(join(tmpdir(), 'ecluse-read-'))
  const store = await openSqliteTables(join(dir, 'tables.sqlite'))
  t.after(async () => {
    await store.close()
    rmSync(dir, { recursive: true })
  })
  const tables = openAggregateTables(store)
  const key = aggregateKey(aggregate.name, compileAggregate(aggregate).identity)
  const rows = given.map(({ town, persons, part = 'i/0', key: hashedBy = 'k', startMs = START_MS }) => {
    const group = town === OTHER_GROUPS ? town : JSON.stringify([town])
    return fromAggregateRow({
      ...{ dataset: 'orders', aggregate: key, row: windowRow(startMs, part, group), window: startMs, part, group },
      ...{ epoch: 0, offset: 1, since: START_MS, last: START_MS, key: persons.length > 0 ? hashedBy : '', late: 1 },
      state: JSON.stringify({ persons: persons.slice(0, 3), measures: [persons.length] }),
    })
  })
  await tables.upsert(
    AGGREGATES_TABLE,
    rows.map(row => ({ row, writeVersion: 1n, ttlSeconds: null })),
  )
  const contract = { dataset: 'orders', references: new Map() }
  const query = { order: 'oldest' as const, ...range, toMs: START_MS + 100 * HOUR_MS, after: undefined }
  const { items, withheld, next } = await readAggregate(tables, contract, aggregate, query)
  return { shown: items.map(({ group, measures }) => [group.town, measures.events]), items, withheld, next }
}

test('partitions of a group come together; a group of fewer than k persons is withheld', async t => {
  const { shown, withheld } = await shownOf(t, [
    { town: 'Caen', persons: [1, 2] },
    { town: 'Caen', persons: [3], part: 'i/1' },
    { town: 'Lille', persons: [1, 2] },
    { town: 'Metz', persons: [5] },
  ])
  assert.deepEqual([shown, withheld], [[['Caen', 3]], 2])
})

test('what is missing has k persons together, or more is missing', async t => {
  const towns = [
    { town: 'Caen', persons: [1, 2, 3] },
    { town: 'Dijon', persons: [4, 5, 6] },
  ]
  const one = await shownOf(t, [...towns, { town: 'Metz', persons: [7] }])
  assert.deepEqual([one.shown, one.withheld], [[['Dijon', 3]], 2])
  const same = await shownOf(t, [...towns, { town: 'Metz', persons: [7] }, { town: 'Nice', persons: [7] }])
  assert.deepEqual([same.shown, same.withheld], [[['Dijon', 3]], 3], 'one person in two groups is one')
  const enough = await shownOf(t, [...towns, { town: 'Metz', persons: [7, 8] }, { town: 'Nice', persons: [9] }])
  assert.deepEqual([enough.shown.length, enough.withheld], [2, 2])
  const late = await shownOf(t, [...towns, { town: 'Metz', persons: [] }])
  assert.deepEqual([late.shown.length, late.withheld], [2, 1], 'a group without events that count tells of nobody')
})

test('hashes under two keys are not added up', async t => {
  const { shown } = await shownOf(t, [
    { town: 'Caen', persons: [1, 2], key: 'one' },
    { town: 'Caen', persons: [3, 4], part: 'i/1', key: 'other' },
    { town: 'Lille', persons: [1, 2, 3] },
    { town: 'Metz', persons: [4, 5, 6] },
  ])
  assert.deepEqual(shown, [['Metz', 3]])
})

test('a group that one partition counts with others is shown with others', async t => {
  const { items, shown } = await shownOf(t, [
    { town: 'Caen', persons: [1, 2, 3] },
    { town: 'Caen', persons: [4, 5, 6], part: 'i/1' },
    { town: 'Lille', persons: [7, 8, 9] },
    { town: OTHER_GROUPS, persons: [10], part: 'i/1' },
  ])
  assert.deepEqual(shown, [
    [null, 4],
    ['Caen', 6],
  ])
  assert.deepEqual(
    items.map(({ otherGroups }) => otherGroups),
    [true, undefined],
  )
})

test('a window of thousands of rows is read whole, in either order', async t => {
  const given = [
    ...Array.from({ length: 2_500 }, (_, i) => ({ town: 'Caen', part: `i/${i}`, persons: [i] })),
    { town: 'Caen', persons: [1, 2, 3], startMs: START_MS + HOUR_MS },
  ]
  const first = await shownOf(t, given, { fromMs: START_MS, limit: 1 })
  assert.deepEqual([first.shown, first.next], [[['Caen', 2_500]], { value: START_MS + HOUR_MS, id: '' }])
  const newest = await shownOf(t, given, { fromMs: START_MS, limit: 2, order: 'newest' })
  assert.deepEqual(
    [newest.shown, newest.next],
    [
      [
        ['Caen', 3],
        ['Caen', 2_500],
      ],
      null,
    ],
  )
})
