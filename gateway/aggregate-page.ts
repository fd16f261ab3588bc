// A page of an aggregate: what its windows and groups look like to a caller, and which part of the range it is of.

import type { Aggregate } from '../governance/contract/aggregate.ts'
import type { Contract } from '../governance/contract/contract.ts'
import { OTHER_GROUPS } from '../governance/measures/compile-aggregate.ts'
import { dayOf } from '../storage/aggregate-rows.ts'
import type { JsonValue } from '../storage/json.ts'
import type { PageStart } from './cursor.ts'

export interface ShownGroup {
  window: { start: string; end: string }
  /** By the group keys' names, and columns joined to them; of a session, its person. */
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
  next: PageStart | null
}

/** Which windows come first. */
export const windowOrders = ['oldest', 'newest'] as const
export type WindowOrder = (typeof windowOrders)[number]

/** Of windows' starts, within one day or over many: from the first instant on, before the second. */
export interface StartRange {
  fromMs: number
  toMs: number
}

export interface AggregateQuery extends StartRange {
  order: WindowOrder
  limit: number
  /** `next` of the page before. */
  after: PageStart | undefined
}

/** @property dayMs its start; the range lies within it */
export interface Day extends StartRange {
  dayMs: number
}

export const DAY_MS = 86_400_000
/** Days looked through in one request. */
export const MAX_DAYS = 62
/** Rows read in one request, or a little more: most of them may be withheld. */
export const MAX_ROWS = 50_000

/**
 * The days (UTC) of what pages before left of a range, in the order they are read in, each as far as it lies in it:
 * whatever the cursor says, within the range.
 */
export function* daysOf({ fromMs, toMs, order, after }: Omit<AggregateQuery, 'limit'>): Generator<Day> {
  const goOn = typeof after?.value === 'number' ? Math.min(Math.max(fromMs, after.value), toMs) : undefined
  const rest = order === 'oldest' ? { fromMs: goOn ?? fromMs, toMs } : { fromMs, toMs: goOn ?? toMs }
  if (rest.fromMs >= rest.toMs) return
  const [first, last] = [rest.fromMs, rest.toMs - 1].map(timeMs => Date.parse(dayOf(timeMs))) as [number, number]
  for (let pastMs = 0; pastMs <= last - first; pastMs += DAY_MS) {
    const dayMs = order === 'oldest' ? first + pastMs : last - pastMs
    yield { dayMs, fromMs: Math.max(dayMs, rest.fromMs), toMs: Math.min(dayMs + DAY_MS, rest.toMs) }
  }
}

/** Where a page begins that goes on with a day, or within it. @param id of the row that it goes on with */
export function startIn({ fromMs, toMs }: StartRange, order: WindowOrder, id = ''): PageStart {
  return { value: order === 'oldest' ? fromMs : toMs, id }
}

/** @param name JSON of its values */
export function namedGroup(
  { references }: Pick<Contract, 'references'>,
  { groupBy, join }: Aggregate,
  name: string,
): Record<string, JsonValue> {
  const values = name === OTHER_GROUPS ? groupBy.map(() => null) : (JSON.parse(name) as JsonValue[])
  const group = Object.fromEntries(groupBy.map((key, i) => [key.name, values[i]!]))
  if (!join) return group
  const value = values[groupBy.findIndex(({ pointer }) => pointer === join.on)]
  const row = value === null ? undefined : references.get(join.reference)?.rows.get(String(value))
  return { ...group, ...Object.fromEntries(join.take.map(column => [column, row?.[column] ?? null])) }
}
