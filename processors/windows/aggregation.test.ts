// Whatever fails, comes twice or late, whoever processes it, whatever is erased meanwhile: aggregates end with exactly
// what a plain recomputation of the events that are left says.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Aggregate } from '../../governance/contract/aggregate.ts'
import {
  compileAggregate,
  type GroupSessions,
  type GroupState,
  OTHER_GROUPS,
} from '../../governance/measures/compile-aggregate.ts'
import { QUANTILE_RELATIVE_ERROR } from '../../governance/measures/quantile.ts'
import { AGGREGATES_TABLE, type AggregateRow, aggregateKey, dayOf } from '../../storage/aggregate-rows.ts'
import type { EventRecord } from '../../storage/event-record.ts'
import type { StoredEvent } from '../../storage/stored-shapes.ts'
import { HOPPING, PER_PERSON, reckon, SESSIONS, type ShownGroups, TUMBLING } from './naive-fixture.ts'
import { type Chance, chanceOf, openSimulation, type Simulation } from './simulation-fixture.ts'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000
/** Streams begin an hour before midnight: here before the year's end, there before 1970. */
const STARTS = ['2025-12-31T23:00:00Z', '1969-12-31T23:00:00Z'].map(text => Date.parse(text))
const KINDS = ['a', 'b', 'c', 'd', 'e']

/** A stream that goes on in time, with events that are early, late, and sent twice. */
function streamOf(chance: Chance, partitions: number) {
  const start = chance.oneOf(STARTS)
  const people = Array.from({ length: 8 }, (_, i) => `p1.${String.fromCharCode(97 + i).repeat(22)}`)
  const sent: { partition: number; record: EventRecord }[] = []
  return {
    people,
    next(): { partition: number; record: EventRecord } {
      if (sent.length > 0 && chance.happens(0.1)) return chance.oneOf(sent)
      const person = chance.below(people.length)
      const subject = chance.happens(0.05) ? null : people[person]!
      const offMs = chance.happens(0.1) ? -chance.below(180 * MINUTE_MS) : (chance.below(20) - 10) * MINUTE_MS
      const timeMs = start + sent.length * MINUTE_MS + offMs
      const corrected = chance.happens(0.04)
        ? sent.find(({ partition }) => partition === person % partitions)
        : undefined
      const record: EventRecord = {
        ...{ dataset: 'orders', id: `e${sent.length}`, source: 's', type: 't', timeAmbiguous: false, held: false },
        ...{ time: new Date(timeMs).toISOString(), receivedAt: new Date().toISOString(), subject, others: [] },
        ...{ schema: '1-0-0', policy: 'p', content: `c${sent.length}`, traceparent: '00-0-0-01' },
        ...(corrected && { rectification: { event: corrected.record.id, at: new Date().toISOString() } }),
        event: {
          who: subject && `t${person}`,
          kind: chance.oneOf(KINDS),
          city: `city ${chance.below(6)}`,
          amount: chance.happens(0.1) ? null : (chance.below(4_000) - 1_000) / 10,
        },
      }
      const placed = { partition: person % partitions, record }
      sent.push(placed)
      return placed
    },
  }
}

async function archived({ documents }: Simulation): Promise<StoredEvent[]> {
  const found: StoredEvent[] = []
  for (let after: { id: string } | undefined; ; ) {
    const page = await documents.find('events', { limit: 1_000, ...(after && { after }) })
    found.push(...page.map(({ body }) => body as unknown as StoredEvent))
    if (page.length < 1_000) return found
    after = { id: page.at(-1)!.id }
  }
}

/** All rows of an aggregate, over the days of both starts. */
async function rowsOf({ tables }: Simulation, aggregate: Aggregate): Promise<AggregateRow[]> {
  const { identity } = compileAggregate(aggregate)
  const rows: AggregateRow[] = []
  for (const start of STARTS)
    for (let day = -1; day <= 2; day++) {
      const partition = { dataset: 'orders', aggregate: aggregateKey(aggregate.name, identity) }
      const place = { ...partition, day: dayOf(start + day * DAY_MS) }
      const read = await tables.read(AGGREGATES_TABLE, { partition: place, limit: 10_000 })
      rows.push(...(read as unknown as AggregateRow[]))
    }
  return rows
}

function shownOf(aggregate: Aggregate, rows: AggregateRow[]): ShownGroups {
  const compiled = compileAggregate(aggregate)
  const found: ShownGroups = new Map()
  if ('session' in aggregate.window) {
    for (const [group, own] of Map.groupBy(rows, ({ group }) => group)) {
      const [person] = JSON.parse(group) as [string]
      for (const { window, late } of own)
        if (late > 0n) found.set(`late ${dayOf(window)} ${person}`, { measures: {}, persons: 0, late: Number(late) })
      const all = own.map(({ state }) => JSON.parse(state) as GroupSessions)
      for (const [firstMs, lastMs, state] of all.reduce((a, b) => compiled.mergeSessions(a, b), []))
        found.set(`${new Date(firstMs).toISOString()} ${new Date(lastMs).toISOString()} ${person}`, {
          ...{ measures: compiled.show(state), persons: 0, late: 0 },
        })
    }
    return found
  }
  for (const [name, own] of Map.groupBy(rows, ({ window, group }) => `${window} ${group}`)) {
    const state = own.map(({ state }) => JSON.parse(state) as GroupState).reduce(compiled.merge, compiled.empty())
    const late = own.reduce((sum, row) => sum + Number(row.late), 0)
    found.set(name, { measures: compiled.show(state), persons: state.persons.length, late })
  }
  return found
}

/** How far a measure may be from what is reckoned, as a fraction of it: the sketch as it says; the others, digits. */
const TOLERANCE: Record<string, number> = { median: QUANTILE_RELATIVE_ERROR, mean: 1e-13, variance: 1e-13 }

function assertSame(found: ShownGroups, expected: ShownGroups, about: string): void {
  assert.deepEqual([...found.keys()].sort(), [...expected.keys()].sort(), `${about}: groups`)
  for (const [name, { measures, ...rest }] of expected) {
    const { measures: shown, ...others } = found.get(name)!
    assert.deepEqual(others, rest, `${about}: ${name}`)
    for (const [measure, value] of Object.entries(measures)) {
      const ours = shown[measure]
      const tolerance = typeof value === 'number' && Math.abs(value) * (TOLERANCE[measure] ?? 0)
      if (tolerance) assert.ok(Math.abs((ours as number) - value) <= tolerance, `${about}: ${name}: ${measure}`)
      else assert.deepEqual(ours, value, `${about}: ${name}: ${measure}`)
    }
  }
}

/** A hundred events or so, and everything that may happen to them. */
async function live(chance: Chance, simulation: Simulation, partitions: number, erasures: boolean): Promise<void> {
  const { people, next } = streamOf(chance, partitions)
  for (let step = 0; step < 160; step++) {
    const what = chance.below(100)
    if (what < 60) {
      const { partition, record } = next()
      simulation.append(partition, record)
    } else if (what < 90) await simulation.turn(chance.below(partitions))
    else if (what < 93) simulation.goBack(chance.below(partitions))
    else if (what < 96) simulation.restart()
    else if (what < 98) await simulation.recomputeNoted()
    else if (erasures) await simulation.erase(chance.oneOf(people))
  }
  await simulation.settle()
}

/** Watermarks as they follow from the log alone: for runs in which nobody is erased. */
function assertWatermarks(events: StoredEvent[], firsts: EventRecord[], partitions: number): void {
  assert.deepEqual(new Set(events.map(({ id }) => id)), new Set(firsts.map(({ id }) => id)))
  for (let partition = 0; partition < partitions; partition++) {
    let ms: number | null = null
    const own = events.filter(({ position }) => position.partition === partition)
    for (const { watermark, time } of own.sort((a, b) => a.position.offset - b.position.offset)) {
      assert.equal(watermark, ms)
      ms = Math.max(ms ?? Number.NEGATIVE_INFINITY, Date.parse(time))
    }
  }
}

const counting = (events: StoredEvent[]) => events.filter(({ rectifiedBy, held }) => rectifiedBy === null && held === 0)

for (const erasures of [false, true])
  test(`aggregates are exact under faults${erasures ? ', and after erasures' : ''}`, async () => {
    const aggregates = [TUMBLING, HOPPING, PER_PERSON, SESSIONS]
    await fc.assert(
      fc.asyncProperty(fc.integer(), async seed => {
        const chance = chanceOf(seed)
        const partitions = 1 + chance.below(3)
        const simulation = await openSimulation(chance, { aggregates, partitions, maxGroups: 100 })
        try {
          await live(chance, simulation, partitions, erasures)
          const events = await archived(simulation)
          if (!erasures) assertWatermarks(events, simulation.firsts(), partitions)
          assert.ok(events.every(({ subject }) => !simulation.erased.has(subject ?? '')))
          for (const aggregate of aggregates) {
            const rows = await rowsOf(simulation, aggregate)
            assertSame(shownOf(aggregate, rows), reckon(aggregate, counting(events)), aggregate.name)
          }
        } finally {
          await simulation.close()
        }
      }),
      { numRuns: 8, endOnFailure: true },
    )
  })

test('beyond the groups that are counted apart nothing is lost', async () => {
  const maxGroups = 2
  await fc.assert(
    fc.asyncProperty(fc.integer(), async seed => {
      const chance = chanceOf(seed)
      const simulation = await openSimulation(chance, { aggregates: [TUMBLING], partitions: 1, maxGroups })
      try {
        await live(chance, simulation, 1, true)
        const rows = await rowsOf(simulation, TUMBLING)
        for (const own of Map.groupBy(rows, ({ window }) => window).values())
          assert.ok(own.filter(({ group }) => group !== OTHER_GROUPS).length <= maxGroups)
        const all = { ...TUMBLING, groupBy: [] }
        const together = rows.map(row => ({ ...row, group: '[]' }))
        const events = counting(await archived(simulation))
        assertSame(shownOf(all, together), reckon(all, events), 'all groups')
      } finally {
        await simulation.close()
      }
    }),
    { numRuns: 8, endOnFailure: true },
  )
})
