// What a measure is: a state that events are added to one by one, that merges with the states of other partitions, and
// what a reader is shown of it. Pure: no clock, no store. One file a measure beside this one; `measures.ts` lists them.

import type { JsonValue } from '../../storage/json.ts'

export type MeasureKind = 'count' | 'sum' | 'mean' | 'min' | 'max' | 'variance' | 'quantile' | 'distinct' | 'top'

/** What a measure may know beside the value. */
export interface AddContext {
  /** Keyed hash of a text: 64 bits, unsigned, evenly spread. All that sketches may keep of a value. */
  hash(text: string): bigint
}

/**
 * States are plain JSON: they may be written as text, read and merged again. In whatever order values are added and
 * states merged, `finish` shows the same; sketches, within their stated error.
 */
export interface Measure<State extends JsonValue = JsonValue> {
  /** A state of its own, without a value. */
  empty(): State
  /**
   * The state with one more value; may change the state it is given. A value that the measure cannot count (null, a
   * text where it wants numbers) changes nothing.
   * @param value what the stored event holds at the measure's pointer; `true` for a measure without pointer
   */
  add(state: State, value: JsonValue, context: AddContext): State
  /** Both together. May change `a` and keep parts of it; neither changes nor keeps anything of `b`. */
  merge(a: State, b: State): State
  /** What is shown; null (counts: 0; a list: empty) where no value was counted. Changes nothing. */
  finish(state: State): JsonValue
}

/** How far what is shown may be from the truth; nothing given: it is exact. */
export interface Accuracy {
  /** At most this fraction of the true value away. */
  relativeError?: number
  /** Standard deviation of the estimate, as a fraction of the true value. */
  standardError?: number
  /** Results below this number are exact. */
  exactBelow?: number
  /** Each shown count says by how much it may be too low. */
  perValue?: true
}
