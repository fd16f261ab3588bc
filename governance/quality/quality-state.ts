// States of quality: measured events are added to them, and they are merged, in whatever order. Sums are exact, and
// quantiles within the error of their sketch.

import type { StoredQuality, StoredSketch, StoredSpread } from '../../storage/stored-quality.ts'
import { quantile } from '../measures/quantile.ts'
import { variance } from '../measures/variance.ts'
import type { MeasuredEvent } from './measure-event.ts'

/** Causes of rejections that are told apart in one state; the rest are one. */
const MAX_CAUSES = 500
const OTHER_CAUSES = '(event) other'

const sketch = quantile(0.5)
const unhashed = {
  hash: () => {
    throw new Error('nothing here is counted by hashes')
  },
}

/** Changes the state. */
export function addMeasured(state: StoredQuality, measured: MeasuredEvent): void {
  const { plan, missing, numbers, delayMs, rules, suspects } = measured
  bump(inside(state, 'events'), plan.name)
  for (const pointer of missing) bump(inside(state, 'missing'), pointer)
  for (const { pointer, number } of numbers) {
    const moments = inside(state, 'numbers')
    moments[pointer] = variance.add(moments[pointer] ?? variance.empty(), number, unhashed)
  }
  if (delayMs !== undefined) {
    bump(state, 'timed')
    state.delay = sketch.add(state.delay ?? sketch.empty(), delayMs, unhashed)
  }
  if (measured.isLate) bump(state, 'late')
  if (measured.isAhead) bump(state, 'ahead')
  for (const { name, holds } of rules) addRule(state, name, 1, holds ? 0 : 1)
  if (measured.isSampled) bump(state, 'sampled')
  for (const { pointer, kind } of suspects) bump(inside(inside(state, 'suspects'), pointer), kind)
}

/** Changes the state. @param cause see `causeOf` */
export function addCause(state: StoredQuality, cause: string, by = 1): void {
  const causes = inside(state, 'causes')
  const isOther = !Object.hasOwn(causes, cause) && Object.keys(causes).length >= MAX_CAUSES
  bump(causes, isOther ? OTHER_CAUSES : cause, by)
}

/** Changes the state. */
export function addSpread(spread: StoredSpread, { numbers, values }: MeasuredEvent): void {
  for (const { pointer, number, isSpread } of numbers) {
    if (!isSpread) continue
    const sketches = inside(spread, 'numbers')
    sketches[pointer] = sketch.add(sketches[pointer] ?? sketch.empty(), number, unhashed)
  }
  for (const { pointer, value } of values) bump(inside(inside(spread, 'values'), pointer), value)
}

/** Adds the second to the first. Changes `a`, and neither changes nor keeps anything of `b`. */
export function mergeQuality(a: StoredQuality, b: StoredQuality): void {
  for (const name of ['timed', 'late', 'ahead', 'sampled'] as const) if (b[name]) bump(a, name, b[name])
  for (const name of ['events', 'missing'] as const)
    for (const [key, count] of Object.entries(b[name] ?? {})) bump(inside(a, name), key, count)
  for (const [cause, count] of Object.entries(b.causes ?? {})) addCause(a, cause, count)
  for (const [pointer, moments] of Object.entries(b.numbers ?? {})) {
    const ours = inside(a, 'numbers')
    ours[pointer] = variance.merge(ours[pointer] ?? variance.empty(), moments)
  }
  if (b.delay) a.delay = mergeSketches(a.delay, b.delay)
  for (const [name, [of, broken]] of Object.entries(b.rules ?? {})) addRule(a, name, of, broken)
  for (const [pointer, kinds] of Object.entries(b.suspects ?? {}))
    for (const [kind, count] of Object.entries(kinds)) bump(inside(inside(a, 'suspects'), pointer), kind, count)
}

/** Adds the second to the first. Changes `a`. */
export function mergeSpreads(a: StoredSpread, b: StoredSpread): void {
  for (const [pointer, numbers] of Object.entries(b.numbers ?? {})) {
    const ours = inside(a, 'numbers')
    ours[pointer] = mergeSketches(ours[pointer], numbers)
  }
  for (const [pointer, values] of Object.entries(b.values ?? {}))
    for (const [value, count] of Object.entries(values)) bump(inside(inside(a, 'values'), pointer), value, count)
}

function mergeSketches(a: StoredSketch | undefined, b: StoredSketch): StoredSketch {
  return sketch.merge(a ?? sketch.empty(), b)
}

function addRule(state: StoredQuality, name: string, of: number, broken: number): void {
  const rules = inside(state, 'rules')
  // A policy may call a rule `constructor`.
  const [before, brokenBefore] = Object.hasOwn(rules, name) ? rules[name]! : [0, 0]
  rules[name] = [before + of, brokenBefore + broken]
}

function bump<Key extends string>(counts: { [key in Key]?: number }, key: Key, by = 1): void {
  counts[key] = (counts[key] ?? 0) + by
}

/** What stands there, made if nothing does. */
function inside<Of extends object, Key extends keyof Of>(of: Of, key: Key): NonNullable<Of[Key]> {
  of[key] ??= {} as NonNullable<Of[Key]>
  return of[key]!
}
