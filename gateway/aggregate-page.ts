// A page of an aggregate: what its windows and groups look like to a caller.

import type { Aggregate } from '../governance/contract/aggregate.ts'
import type { Contract } from '../governance/contract/contract.ts'
import { OTHER_GROUPS } from '../governance/measures/compile-aggregate.ts'
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

export interface AggregateQuery {
  fromMs: number
  toMs: number
  limit: number
  /** `next` of the page before. */
  after: PageStart | undefined
}

export const DAY_MS = 86_400_000
/** Days looked through in one request, each a read of its own. */
export const MAX_DAYS = 62
/** Rows read in one request, or a little more: most of them may be withheld. */
export const MAX_ROWS = 50_000

/** Where a page begins, within its range, whatever its cursor says. */
export function beginOf({ fromMs, toMs, after }: Omit<AggregateQuery, 'limit'>): number {
  const goOn = typeof after?.value === 'number' ? after.value : fromMs
  return Math.min(Math.max(fromMs, goOn), toMs)
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
