// What a window's figures come to: a share for each dimension of quality, one score, and the promises that were missed.

import { higherLevel, type Level } from '../classification/taxonomy.ts'
import type { ConsistencyRule, QualityPolicy } from '../contract/quality.ts'
import type { QualityWindow } from './quality-window.ts'

/** Of fewer events, or fewer answers to producers, nothing is told that could be one event's. */
export const MIN_EVENTS = 5

export const dimensionNames = ['completeness', 'conformity', 'uniqueness', 'timeliness', 'consistency'] as const
/** Shares, 0 to 1; null where nothing tells. */
export type Dimensions = Record<(typeof dimensionNames)[number], number | null>

/** A promise that a window did not keep. */
export interface MissedTarget {
  dimension: keyof Dimensions
  /** What it is promised of; left out: all of the dataset. */
  pointer?: string
  rule?: string
  promised: number
  /** What there was. */
  share: number
}

/**
 * Completeness is told by the fields for which the policy sets a target, or by all that are looked at where it sets none;
 * timeliness and consistency only by what the policy says.
 */
export function dimensionsOf(window: QualityWindow, promises: QualityPolicy): Dimensions {
  const { volume, timed, inTime } = window
  const wanted = promises.completeness.map(({ pointer }) => pointer)
  const fields = [...window.fields].filter(([pointer]) => wanted.length === 0 || wanted.includes(pointer))
  const rules = promises.consistency.flatMap(({ name }) => window.consistency.get(name) ?? [])
  const passed = volume.accepted + volume.suppressed
  const first = volume.effective + volume.held
  const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0)
  return {
    completeness: share(
      sum(fields.map(([, { of, missing }]) => of - missing)),
      sum(fields.map(([, { of }]) => of)),
      window.events,
    ),
    conformity: share(passed, passed + volume.rejected),
    uniqueness: share(first, first + volume.duplicates + volume.conflicts),
    timeliness: inTime === null ? null : share(inTime, timed),
    consistency: share(sum(rules.map(({ of, broken }) => of - broken)), sum(rules.map(({ of }) => of))),
  }
}

/** 0 to 100, to one decimal: the mean of the dimensions that tell; null where none does. */
export function scoreOf(dimensions: Dimensions): number | null {
  const told = dimensionNames.flatMap(name => dimensions[name] ?? [])
  if (told.length === 0) return null
  return Math.round((1_000 * told.reduce((sum, share) => sum + share, 0)) / told.length) / 10
}

export function missedTargets(window: QualityWindow, promises: QualityPolicy): MissedTarget[] {
  const { completeness, timeliness, consistency } = promises
  const dimensions = dimensionsOf(window, promises)
  const whole = (['conformity', 'uniqueness'] as const).map(dimension => ({
    ...{ dimension, promised: promises[dimension], share: dimensions[dimension] },
  }))
  const targets = [
    ...completeness.map(({ pointer, share: promised }) => {
      const { of, missing } = window.fields.get(pointer) ?? { of: 0, missing: 0 }
      return { dimension: 'completeness' as const, pointer, promised, share: share(of - missing, of) }
    }),
    ...whole,
    { dimension: 'timeliness' as const, promised: timeliness?.share, share: dimensions.timeliness },
    ...consistency.map(({ name: rule, share: promised }) => {
      const { of, broken } = window.consistency.get(rule) ?? { of: 0, broken: 0 }
      return { dimension: 'consistency' as const, rule, promised, share: share(of - broken, of) }
    }),
  ]
  return targets.flatMap(({ promised, share: found, ...target }) =>
    promised !== undefined && found !== null && found < promised ? [{ ...target, promised, share: found }] : [],
  )
}

/** The strictest level of what a rule reads. */
export function ruleLevel({ when, require }: Pick<ConsistencyRule, 'when' | 'require'>): Level {
  return [...when, ...require].map(({ level }) => level).reduce(higherLevel, 'public')
}

/** @param events how many it is told by */
function share(part: number, whole: number, events = whole): number | null {
  return whole === 0 || events < MIN_EVENTS ? null : part / whole
}
