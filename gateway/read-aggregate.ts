// An aggregate's rows, merged over the partitions of the log that they come from, window by window, and of them what may
// be shown: no group of fewer than k persons, nor what would tell of so few by what is missing.

import type { Aggregate } from '../governance/contract/aggregate.ts'
import type { Contract } from '../governance/contract/contract.ts'
import {
  type CompiledAggregate,
  compileAggregate,
  type GroupState,
  OTHER_GROUPS,
} from '../governance/measures/compile-aggregate.ts'
import { endOf, type FixedWindow } from '../governance/measures/windows-of.ts'
import { type AggregateRow, aggregateKey, dayOf, readAggregateRows, rowsOfRange } from '../storage/aggregate-rows.ts'
import type { Tables } from '../storage/tables/tables.ts'
import {
  type AggregatePage,
  type AggregateQuery,
  daysOf,
  MAX_DAYS,
  MAX_ROWS,
  namedGroup,
  type ShownGroup,
  type StartRange,
  startIn,
} from './aggregate-page.ts'
import { windowsInOrder } from './windows-in-order.ts'

/**
 * Windows that start in a range, oldest or newest first, each whole: as many as come to `limit` groups or a little more.
 * @throws TablesUnavailable
 */
export async function readAggregate(
  tables: Pick<Tables, 'read'>,
  contract: Pick<Contract, 'dataset' | 'references'>,
  aggregate: Aggregate & { window: FixedWindow },
  query: AggregateQuery,
): Promise<AggregatePage> {
  const compiled = compileAggregate(aggregate)
  const page: AggregatePage = { items: [], withheld: 0, next: null }
  const key = aggregateKey(aggregate.name, compiled.identity)
  const { order, limit } = query
  let [seen, days] = [0, 0]
  for (const day of daysOf(query)) {
    if (days++ === MAX_DAYS) return { ...page, next: startIn(day, order) }
    const place = { dataset: contract.dataset, aggregate: key, day: dayOf(day.dayMs) }
    const read = ({ fromMs, toMs }: StartRange) =>
      readAggregateRows(tables, place, rowsOfRange(day.dayMs, fromMs, toMs))
    let lastMs = day.toMs
    for await (const rows of windowsInOrder(read, day, aggregate.window, order)) {
      const startMs = rows[0]!.window
      if (page.items.length >= limit || seen >= MAX_ROWS)
        return { ...page, next: startIn({ fromMs: startMs, toMs: lastMs }, order) }
      lastMs = startMs
      seen += rows.length
      const { shown, withheld } = showWindow(contract, compiled, startMs, rows)
      page.items.push(...shown)
      page.withheld += withheld
    }
  }
  return page
}

interface Group {
  name: string
  /** By what they were hashed with; '' for what has no hashes, and nothing that was counted. */
  states: Map<string, GroupState>
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
    shown: shown.map(({ name, states, late }) => ({
      window,
      group: namedGroup(contract, aggregate, name),
      ...(name === OTHER_GROUPS && { otherGroups: true as const }),
      measures: compiled.show([...states.values()].reduce((a, b) => compiled.mergeApart(a, b))),
      late,
    })),
    withheld: groups.length - shown.length,
  }
}

function mergeGroups(compiled: CompiledAggregate, rows: AggregateRow[]): Group[] {
  const groups = new Map<string, Group>()
  const nameOf = countedApart(rows)
  for (const { group, key, late, state } of rows) {
    const name = nameOf(group)
    const known = groups.get(name) ?? { name, states: new Map(), late: 0 }
    const [before, read] = [known.states.get(key), JSON.parse(state) as GroupState]
    known.states.set(key, before ? compiled.merge(before, read) : read)
    known.late += late
    groups.set(name, known)
  }
  return [...groups.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** A group that one partition counts together with others can be told from them nowhere. */
function countedApart(rows: AggregateRow[]): (group: string) => string {
  const full = new Set(rows.flatMap(({ group, part }) => (group === OTHER_GROUPS ? part : [])))
  if (full.size === 0) return group => group
  const parts = new Map<string, number>()
  for (const { group, part } of rows) if (full.has(part)) parts.set(group, (parts.get(group) ?? 0) + 1)
  return group => (parts.get(group) === full.size ? group : OTHER_GROUPS)
}

/**
 * Groups of k persons and more. If those that are missing were fewer than k together, whoever knows the total would know
 * of them: then others are left out with them.
 */
function protectGroups(compiled: CompiledAggregate, groups: Group[]): Group[] {
  const { k } = compiled.aggregate
  const shown = groups.filter(group => personsOf(compiled, [group]) >= k)
  if (k < 2) return shown
  const missing = groups.filter(group => !shown.includes(group) && [...group.states.keys()].some(key => key !== ''))
  while (missing.length > 0 && shown.length > 0 && personsOf(compiled, missing) < k) missing.push(shown.shift()!)
  return shown
}

/** At least so many, at most k: hashes of two keys do not compare, so those of one key are told from each other. */
function personsOf(compiled: CompiledAggregate, groups: Group[]): number {
  const byKey = new Map<string, number[]>()
  for (const { states } of groups)
    for (const [key, { persons }] of states) byKey.set(key, compiled.mergePersons(byKey.get(key) ?? [], persons))
  return Math.max(0, ...[...byKey.values()].map(({ length }) => length))
}
