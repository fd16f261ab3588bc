// An aggregate's rows, merged over the partitions of the log that they come from, window by window, and of them what may
// be shown: no group of fewer than k persons, and never all but one.

import type { Aggregate } from '../governance/contract/aggregate.ts'
import type { Contract } from '../governance/contract/contract.ts'
import {
  type CompiledAggregate,
  compileAggregate,
  type GroupState,
  OTHER_GROUPS,
} from '../governance/measures/compile-aggregate.ts'
import { endOf, type FixedWindow } from '../governance/measures/windows-of.ts'
import { type AggregateRow, aggregateKey, dayOf, readAggregateRows } from '../storage/aggregate-rows.ts'
import type { JsonValue } from '../storage/json.ts'
import type { Tables } from '../storage/tables/tables.ts'

const DAY_MS = 86_400_000
/** Days looked through in one request, each a read of its own. */
const MAX_DAYS = 62

export interface ShownGroup {
  window: { start: string; end: string }
  /** By the group keys' names, and columns joined to them. */
  group: Record<string, JsonValue>
  /** What stands here is everything beyond the groups that are counted apart. */
  otherGroups?: true
  measures: Record<string, JsonValue>
  /** Events that came too late to count. */
  late: number
}

export interface AggregatePage {
  items: ShownGroup[]
  /** Groups of these windows that are not shown, to protect the persons in them. */
  withheld: number
  /** Start of the window to go on with, ms; null at the end. */
  nextMs: number | null
}

/**
 * Windows that start in a range, oldest first, each whole: as many as come to `limit` groups or a little more.
 * @throws TablesUnavailable
 */
export async function readAggregate(
  tables: Pick<Tables, 'read'>,
  contract: Pick<Contract, 'dataset' | 'references'>,
  aggregate: Aggregate & { window: FixedWindow },
  { fromMs, toMs, limit }: { fromMs: number; toMs: number; limit: number },
): Promise<AggregatePage> {
  const compiled = compileAggregate(aggregate)
  const page: AggregatePage = { items: [], withheld: 0, nextMs: null }
  const key = aggregateKey(aggregate.name, compiled.identity)
  let dayMs = Date.parse(dayOf(fromMs))
  for (let days = 0; dayMs < toMs; dayMs += DAY_MS, days++) {
    if (days === MAX_DAYS) return { ...page, nextMs: dayMs }
    const range = { from: Math.max(fromMs, dayMs), before: Math.min(toMs, dayMs + DAY_MS) }
    const place = { dataset: contract.dataset, aggregate: key, day: dayOf(dayMs) }
    for await (const [startMs, rows] of byWindow(readAggregateRows(tables, place, range))) {
      if (page.items.length >= limit) return { ...page, nextMs: startMs }
      const { shown, withheld } = showWindow(contract, compiled, startMs, rows)
      page.items.push(...shown)
      page.withheld += withheld
    }
  }
  return page
}

async function* byWindow(
  pages: AsyncIterable<AggregateRow[]>,
): AsyncGenerator<[startMs: number, rows: AggregateRow[]]> {
  let rows: AggregateRow[] = []
  for await (const page of pages)
    for (const row of page) {
      if (rows.length > 0 && rows[0]!.window !== row.window) {
        yield [rows[0]!.window, rows]
        rows = []
      }
      rows.push(row)
    }
  if (rows.length > 0) yield [rows[0]!.window, rows]
}

interface Group {
  name: string
  state: GroupState
  late: number
}

function showWindow(
  contract: Pick<Contract, 'references'>,
  compiled: CompiledAggregate,
  startMs: number,
  rows: AggregateRow[],
): { shown: ShownGroup[]; withheld: number } {
  const { aggregate } = compiled
  const groups = mergeGroups(compiled, rows)
  const shown = protectGroups(compiled, groups)
  const window = {
    start: new Date(startMs).toISOString(),
    end: new Date(endOf(aggregate.window as FixedWindow, startMs)).toISOString(),
  }
  return {
    shown: shown.map(({ name, state, late }) => ({
      window,
      group: namedGroup(contract, aggregate, name),
      ...(name === OTHER_GROUPS && { otherGroups: true as const }),
      measures: compiled.show(state),
      late,
    })),
    withheld: groups.length - shown.length,
  }
}

function mergeGroups(compiled: CompiledAggregate, rows: AggregateRow[]): Group[] {
  const groups = new Map<string, Group>()
  for (const { group: name, state, late } of rows) {
    const known = groups.get(name) ?? { name, state: compiled.empty(), late: 0 }
    const merged = compiled.merge(known.state, JSON.parse(state) as GroupState)
    groups.set(name, { name, state: merged, late: known.late + late })
  }
  return [...groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** If one alone were missing, whoever knows the total would know it: another one is left out with it. */
function protectGroups(compiled: CompiledAggregate, groups: Group[]): Group[] {
  const { k } = compiled.aggregate
  const shown = groups.filter(({ state }) => compiled.personsOf(state) >= k)
  return groups.length - shown.length === 1 ? shown.slice(1) : shown
}

function namedGroup(
  { references }: Pick<Contract, 'references'>,
  { groupBy, join }: Aggregate,
  name: string,
): Record<string, JsonValue> {
  const values = name === OTHER_GROUPS ? groupBy.map(() => null) : (JSON.parse(name) as JsonValue[])
  const group = Object.fromEntries(groupBy.map((key, i) => [key.name, values[i]!]))
  if (!join) return group
  const value = values[groupBy.findIndex(({ pointer }) => pointer === join.on)]
  const row = references.get(join.reference)?.rows.get(String(value))
  return { ...group, ...Object.fromEntries(join.take.map(column => [column, row?.[column] ?? null])) }
}
