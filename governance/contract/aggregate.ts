// A declared aggregate, compiled: what is counted of which events, over which windows, in which groups. Data only; built
// by `build-aggregates.ts`, computed by the processors, shown by the gateway.

import type { JsonObject } from '../../storage/json.ts'
import { higherLevel, type Level } from '../classification/taxonomy.ts'
import type { MeasureKind } from '../measures/measure.ts'
import type { WindowSpec } from '../measures/windows-of.ts'

/** A stored value that a condition may be held against. */
export type Comparand = string | number | boolean

/** What an event must hold to count: all that is stated, of one value. */
export interface Condition {
  pointer: string
  minimum?: number
  maximum?: number
  equals?: Comparand
  oneOf?: Comparand[]
  level: Level
}

export interface GroupKey {
  /** Last token of its pointer: what the column is called. */
  name: string
  pointer: string
  level: Level
}

/** Columns of a reference table that are shown beside a group key. */
export interface Join {
  /** Name of the table: `countries` of `references/countries.csv`, in the contract's `references`. */
  reference: string
  /** Pointer of the group key whose value is looked up in the table's first column. */
  on: string
  take: string[]
}

export interface AggregateMeasure {
  name: string
  kind: MeasureKind
  /** Left out: the events themselves are counted. */
  pointer?: string
  /** Of the kind: `{ q: 0.5 }` of a quantile, `{ n: 10 }` of a top. */
  parameters: JsonObject
  /** That of its pointer; of the count of events, `internal`. */
  level: Level
}

export interface Aggregate {
  name: string
  window: WindowSpec
  /** How long after the watermark passed a window's end events still count. */
  latenessMs: number
  /** How long results are kept: at most as long as events. */
  retentionMs: number
  /** Persons a group must have to be shown. 1 where each group is one person's by intent; 0 where the data is nobody's. */
  k: number
  /** Each group is one person's: it is grouped by a token or pseudonym, or its windows are sessions. */
  perPerson: boolean
  groupBy: GroupKey[]
  join?: Join
  /** All of them must hold. */
  where: Condition[]
  measures: AggregateMeasure[]
}

/**
 * The level somebody must be allowed to read to see any row: the strictest of its group keys and conditions, and where a
 * row is one person's, `confidential` at least. Beside it, each measure takes its own.
 */
export function rowLevel({ groupBy, where, perPerson }: Pick<Aggregate, 'groupBy' | 'where' | 'perPerson'>): Level {
  const least = perPerson ? 'confidential' : 'public'
  return [...groupBy, ...where].map(({ level }) => level).reduce(higherLevel, least)
}

/** The pointers an aggregate reads, each once. */
export function pointersOf({ groupBy, where, measures }: Aggregate): Set<string> {
  return new Set([...groupBy, ...where, ...measures].flatMap(({ pointer }) => pointer ?? []))
}
