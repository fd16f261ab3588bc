// Sessions, person by person: rows hold what each day had of them, and what runs on over midnight is joined here.

import type { Aggregate } from '../governance/contract/aggregate.ts'
import {
  type CompiledAggregate,
  compileAggregate,
  type GroupSessions,
} from '../governance/measures/compile-aggregate.ts'
import {
  AGGREGATES_TABLE,
  type AggregateRow,
  aggregateKey,
  dayOf,
  readAggregateRows,
  rowsOfPerson,
} from '../storage/aggregate-rows.ts'
import type { JsonValue } from '../storage/json.ts'
import type { Tables } from '../storage/tables/tables.ts'
import {
  type AggregatePage,
  type AggregateQuery,
  DAY_MS,
  daysOf,
  MAX_DAYS,
  MAX_ROWS,
  startIn,
} from './aggregate-page.ts'

export type SessionAggregate = Aggregate & { window: { session: { gapMs: number } } }

/** Days over which one session is followed. */
const MAX_SESSION_DAYS = 31
/** Rows of a person's day: one for each partition of the log that ever held the person. */
const MAX_PARTS = 1_000

interface Reading {
  tables: Pick<Tables, 'read'>
  compiled: CompiledAggregate
  gapMs: number
  dataset: string
}

/**
 * Sessions that start in a range, day by day, oldest or newest day first, and within a day person by person in either
 * order: as many as come to `limit` or a little more.
 * @param readable of these pseudonyms, whose sessions may be shown
 * @throws TablesUnavailable
 */
export async function readSessions(
  tables: Pick<Tables, 'read'>,
  dataset: string,
  aggregate: SessionAggregate,
  query: AggregateQuery,
  readable: (pseudonyms: string[]) => Promise<ReadonlySet<string>>,
): Promise<AggregatePage> {
  const compiled = compileAggregate(aggregate)
  const reading = { tables, compiled, dataset, gapMs: aggregate.window.session.gapMs }
  const page: AggregatePage = { items: [], withheld: 0, next: null }
  const { fromMs, toMs, order, limit } = query
  let from = query.after?.id
  let [seen, days] = [0, 0]
  for (const day of daysOf(query)) {
    if (days++ === MAX_DAYS) return { ...page, next: startIn(day, order) }
    const rows = readAggregateRows(tables, placeOf(reading, day.dayMs), from ? { from } : {})
    for await (const people of byPerson(rows)) {
      const shown = await readable(people.map(([{ group }]) => personIn(group)))
      for (const person of people) {
        if (page.items.length >= limit || seen >= MAX_ROWS) return { ...page, next: startIn(day, order, person[0].row) }
        seen += person.length
        const subject = personIn(person[0].group)
        if (!shown.has(subject)) continue
        const sessions = await sessionsFrom(reading, day.dayMs, person)
        let late = person.reduce((sum, row) => sum + row.late, 0)
        for (const [firstMs, lastMs, state] of sessions) {
          if (firstMs < fromMs || firstMs >= toMs) continue
          const window = { start: new Date(firstMs).toISOString(), end: new Date(lastMs).toISOString() }
          page.items.push({ window, group: { subject }, measures: compiled.show(state), late })
          late = 0
        }
      }
    }
    from = undefined
  }
  return page
}

type PersonRows = [AggregateRow, ...AggregateRow[]]

/** Persons of a page together: each with all of their rows. */
async function* byPerson(pages: AsyncIterable<AggregateRow[]>): AsyncGenerator<PersonRows[]> {
  let last: PersonRows | undefined
  for await (const page of pages) {
    const people: PersonRows[] = []
    for (const row of page) {
      if (last && last[0].group === row.group) last.push(row)
      else {
        if (last) people.push(last)
        last = [row]
      }
    }
    if (people.length > 0) yield people
  }
  if (last) yield [last]
}

/** A person's sessions that begin on a day, whole. */
async function sessionsFrom(reading: Reading, dayMs: number, rows: PersonRows): Promise<GroupSessions> {
  const { gapMs, compiled } = reading
  const sessions = merged(compiled, rows)
  const { group } = rows[0]
  const [first] = sessions
  if (!first) return []
  if (first[0] - gapMs < dayMs) {
    const before = (await sessionsOf(reading, dayMs - DAY_MS, group)).at(-1)
    // It began before.
    if (before && before[1] + gapMs >= first[0]) sessions.shift()
  }
  for (let day = 1; day <= MAX_SESSION_DAYS; day++) {
    const last = sessions.at(-1)
    if (!last || last[1] + gapMs < dayMs + day * DAY_MS) break
    const [next, ...others] = await sessionsOf(reading, dayMs + day * DAY_MS, group)
    if (!next || last[1] + gapMs < next[0]) break
    compiled.mergeSessions(sessions, [next])
    if (others.length > 0) break
  }
  return sessions
}

async function sessionsOf(reading: Reading, dayMs: number, group: string): Promise<GroupSessions> {
  const rows = await reading.tables.read(AGGREGATES_TABLE, {
    partition: placeOf(reading, dayMs),
    range: rowsOfPerson(group),
    limit: MAX_PARTS,
  })
  return merged(reading.compiled, rows as unknown as AggregateRow[])
}

function merged(compiled: CompiledAggregate, rows: Pick<AggregateRow, 'state'>[]): GroupSessions {
  return rows.map(({ state }) => JSON.parse(state) as GroupSessions).reduce((a, b) => compiled.mergeSessions(a, b), [])
}

function placeOf({ dataset, compiled: { aggregate, identity } }: Reading, dayMs: number) {
  return { dataset, aggregate: aggregateKey(aggregate.name, identity), day: dayOf(dayMs) }
}

const personIn = (group: string) => (JSON.parse(group) as JsonValue[])[0] as string
