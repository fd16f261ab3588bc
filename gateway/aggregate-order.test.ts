// What comes newest first is what comes oldest first, turned round: whatever the range, the limit, and how full days are.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import fc from 'fast-check'
import type { Aggregate } from '../governance/contract/aggregate.ts'
import { compileAggregate } from '../governance/measures/compile-aggregate.ts'
import type { WindowSpec } from '../governance/measures/windows-of.ts'
import {
  AGGREGATES_TABLE,
  aggregateKey,
  dayOf,
  fromAggregateRow,
  openAggregateTables,
  personRow,
  windowRow,
} from '../storage/aggregate-rows.ts'
import type { DeclaredTables } from '../storage/tables/declare-tables.ts'
import { openSqliteTables } from '../storage/tables/sqlite.ts'
import type { Tables } from '../storage/tables/tables.ts'
import type { AggregatePage, AggregateQuery, ShownGroup } from './aggregate-page.ts'
import { readAggregate } from './read-aggregate.ts'
import { readSessions } from './read-sessions.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const DAY_MS = 1_440 * MINUTE_MS
/** Beyond the days that one request looks through, too. */
const DAYS = [0, 1, 2, 70, 200]
const START_MS = Date.parse('2025-12-31T00:00:00Z')

const dir = mkdtempSync(join(tmpdir(), 'ecluse-order-'))
let store: Tables
let tables: DeclaredTables
before(async () => {
  store = await openSqliteTables(join(dir, 'tables.sqlite'))
  tables = openAggregateTables(store)
})
after(async () => {
  await store.close()
  rmSync(dir, { recursive: true })
})

function aggregateOf<Window extends WindowSpec>(window: Window): Aggregate & { window: Window } {
  return {
    ...{ name: 'each', window, latenessMs: 0, retentionMs: DAY_MS, k: 2, perPerson: false, where: [] },
    ...{ groupBy: [{ name: 'town', pointer: '/town', level: 'internal' }] },
    measures: [{ name: 'events', kind: 'count', parameters: {}, level: 'internal' }],
  }
}

interface Given {
  startMs: number
  part: string
  /** Its value. */
  group: string
  state: object
}

async function write(dataset: string, aggregate: Aggregate, given: Given[]): Promise<void> {
  const key = aggregateKey(aggregate.name, compileAggregate(aggregate).identity)
  const isSession = 'session' in aggregate.window
  const rows = given.map(({ startMs, part, group: value, state }) => {
    const group = JSON.stringify([value])
    const window = isSession ? Date.parse(dayOf(startMs)) : startMs
    const row = isSession ? personRow(part, group) : windowRow(startMs, part, group)
    return fromAggregateRow({
      ...{ dataset, aggregate: key, row, window, part, group, epoch: 0, offset: 1, since: startMs, last: startMs },
      ...{ key: 'k', late: 0, state: JSON.stringify(state) },
    })
  })
  await tables.upsert(
    AGGREGATES_TABLE,
    rows.map(row => ({ row, writeVersion: 1n, ttlSeconds: null })),
  )
}

/** Page after page, to the end. */
async function allOf(read: (query: AggregateQuery) => Promise<AggregatePage>, query: Omit<AggregateQuery, 'after'>) {
  const [pages, after]: [ShownGroup[][], Pick<AggregateQuery, 'after'>] = [[], { after: undefined }]
  let withheld = 0
  for (;;) {
    const page = await read({ ...query, ...after })
    pages.push(page.items)
    withheld += page.withheld
    if (page.next === null) return { pages, items: pages.flat(), withheld }
    assert.ok(pages.length < 1_000, 'it ends')
    after.after = page.next
  }
}

/** Groups of what has the same key together, in the order of their first. */
const turnedRound = (items: ShownGroup[], keyOf: (item: ShownGroup) => string) =>
  [...Map.groupBy(items, keyOf).values()].reverse().flat()

async function holds<T>(t: TestContext, given: fc.Arbitrary<T>, check: (given: T, dataset: string) => Promise<void>) {
  const seed = Date.now() % 2 ** 31
  t.diagnostic(`seed ${seed}`)
  let runs = 0
  const property = fc.asyncProperty(given, each => check(each, `${t.name.replaceAll(' ', '-')}-${runs++}`))
  await fc.assert(property, { seed, numRuns: 12, endOnFailure: true })
}

const instant = fc.tuple(fc.constantFrom(...DAYS), fc.nat(DAY_MS)).map(([day, ms]) => START_MS + day * DAY_MS + ms)
const range = fc.oneof(
  fc.constant([START_MS, START_MS + 201 * DAY_MS]),
  fc.tuple(instant, instant).map(both => both.sort((a, b) => a - b)),
)

test('windows', t => {
  /** A run of windows, each with so many groups. */
  const run = fc.record({
    ...{ day: fc.constantFrom(...DAYS), first: fc.nat(1_439), windows: fc.integer({ min: 1, max: 200 }) },
    ...{ groups: fc.integer({ min: 1, max: 4 }), parts: fc.integer({ min: 1, max: 3 }) },
  })
  const given = fc.record({
    ...{ runs: fc.array(run, { maxLength: 8 }), range, share: fc.integer({ min: 1, max: 12 }) },
    step: fc.constantFrom(30 * SECOND_MS, MINUTE_MS, 60 * MINUTE_MS, 7 * DAY_MS),
  })
  return holds(t, given, async ({ runs, range: [fromMs, toMs], share, step }, dataset) => {
    const aggregate = aggregateOf({ tumbling: step })
    const rows = new Map<string, Given>()
    for (const { day, first, windows, groups, parts } of runs)
      for (let i = 0; i < windows; i++) {
        const startMs = Math.floor((START_MS + day * DAY_MS + first * MINUTE_MS + i * step) / step) * step
        for (let j = 0; j < groups * parts; j++) {
          const [group, part] = [`town ${j % groups}`, `i/${j % parts}`]
          const state = { persons: [i % 3, j], measures: [1] }
          rows.set(`${startMs} ${group} ${part}`, { startMs, part, group, state })
        }
      }
    await write(dataset, aggregate, [...rows.values()])
    const inRange = [...rows.values()].filter(({ startMs }) => startMs >= fromMs! && startMs < toMs!)
    const groups = new Set(inRange.map(({ startMs, group }) => `${startMs} ${group}`)).size
    const read = (query: AggregateQuery) => readAggregate(tables, { dataset, references: new Map() }, aggregate, query)
    const query = { fromMs: fromMs!, toMs: toMs!, limit: Math.ceil((groups + 1) / share) }
    const oldest = await allOf(read, { ...query, order: 'oldest' })
    const newest = await allOf(read, { ...query, order: 'newest' })
    const startOf = ({ window }: ShownGroup) => window.start
    assert.deepEqual(newest.items, turnedRound(oldest.items, startOf))
    for (const { pages, items, withheld } of [oldest, newest]) {
      assert.equal(items.length + withheld, groups)
      const starts = pages.flatMap(page => [...new Set(page.map(startOf))])
      assert.equal(new Set(starts).size, starts.length, 'each window is whole in one page')
    }
  })
})

test('sessions', t => {
  const visit = fc.record({ person: fc.nat(12), timeMs: instant, part: fc.constantFrom('i/0', 'i/1') })
  const given = fc.record({ visits: fc.array(visit, { maxLength: 60 }), range, limit: fc.integer({ min: 1, max: 20 }) })
  return holds(t, given, async ({ visits, range: [fromMs, toMs], limit }, dataset) => {
    const aggregate = aggregateOf({ session: { gapMs: 30 * MINUTE_MS } })
    const rows = new Map(
      visits.map(({ person, timeMs, part }) => {
        const state = [[timeMs, timeMs, { persons: [], measures: [1] }]]
        return [`${person} ${part} ${dayOf(timeMs)}`, { startMs: timeMs, part, group: `p1.${person}`, state }]
      }),
    )
    await write(dataset, aggregate, [...rows.values()])
    const read = (query: AggregateQuery) =>
      readSessions(tables, dataset, aggregate, query, async people => new Set(people))
    const query = { fromMs: fromMs!, toMs: toMs!, limit }
    const { items: oldest } = await allOf(read, { ...query, order: 'oldest' })
    const { items: newest } = await allOf(read, { ...query, order: 'newest' })
    assert.deepEqual(
      newest,
      turnedRound(oldest, ({ window }) => window.start.slice(0, 10)),
    )
  })
})
