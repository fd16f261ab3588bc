// What a dataset's policy promises of its quality: targets, rules that hold between stored values, and how long it may be
// silent. Data only; built with the contract, held against what came in by `governance/quality/` and
// `governance/anomalies/`.

import type { Level } from '../classification/taxonomy.ts'
import type { Condition } from './aggregate.ts'

/** Two values of one event: the first is not below (of times and texts that are times: not before) the second. */
export interface Comparison {
  pointer: string
  atLeast: string
  /** The stricter of the two pointers'. */
  level: Level
}

/** What must hold of stored events that were valid all the same. */
export interface ConsistencyRule {
  name: string
  /** Events of which all of it holds are looked at; none: all. */
  when: Condition[]
  /** All of it must hold of them. */
  require: (Condition | Comparison)[]
  /** The share of these events of which it must. */
  share: number
}

export interface QualityPolicy {
  /** Shares of events that must hold a value there. */
  completeness: { pointer: string; share: number; level: Level }[]
  /** The share of answered events that must not be rejected. */
  conformity?: number
  /** The share of archived copies that must be first ones. */
  uniqueness?: number
  /** By when which share of events must have come in after their own time. */
  timeliness?: { withinMs: number; share: number }
  /** A producer's clock may be ahead by so much. */
  skewMs: number
  /** So long without any event is an anomaly; undefined: it never is. */
  silenceMs?: number
  /** More events in a minute than this are an anomaly; undefined: only by what is usual. */
  burst?: number
  consistency: ConsistencyRule[]
}

/** Of a policy that says nothing of quality. */
export const noPromises: QualityPolicy = { completeness: [], skewMs: 300_000, consistency: [] }
