// For tests of measures: values in parts, added one by one and merged in any order.

import { createHash } from 'node:crypto'
import fc from 'fast-check'
import type { JsonValue } from '../../storage/json.ts'
import type { AddContext, Measure } from './measure.ts'

const hashes = new Map<string, bigint>()

/** Hashes as under one window's key; remembered, as tests add the same values again and again. */
export const context: AddContext = {
  hash(text) {
    let hash = hashes.get(text)
    if (hash === undefined) {
      hash = createHash('sha256').update(`window key ${text}`).digest().readBigUInt64BE()
      hashes.set(text, hash)
    }
    return hash
  },
}

export interface Split<T> {
  values: T[]
  /** For each value, in which part it is. */
  parts: number[]
  /** Which two parts are merged next, until one is left. */
  picks: [number, number][]
}

const PARTS = 5

/** A list in up to five parts, some of them perhaps empty, and an order in which to merge them. */
export function splitOf<T>(value: fc.Arbitrary<T>, maxLength = 200): fc.Arbitrary<Split<T>> {
  return fc.array(fc.tuple(value, fc.nat(PARTS - 1)), { maxLength, size: 'max' }).chain(placed =>
    fc.record({
      values: fc.constant(placed.map(([each]) => each)),
      parts: fc.constant(placed.map(([, part]) => part)),
      picks: fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: PARTS - 1, maxLength: PARTS - 1 }),
    }),
  )
}

/** The state of one list whose parts were added to, written, read and merged. */
export function mergeParts<State extends JsonValue>(measure: Measure<State>, split: Split<JsonValue>): State {
  const { values, parts, picks } = split
  const states = Array.from({ length: PARTS }, () => measure.empty())
  for (const [i, value] of values.entries()) states[parts[i]!] = measure.add(states[parts[i]!]!, value, context)
  for (const [one, other] of picks) {
    const a = takeOut(states, one)
    const b = takeOut(states, other)
    const before = JSON.stringify(b)
    const merged = measure.merge(written(a), b)
    if (JSON.stringify(b) !== before) throw new Error('merge changed the state it only reads')
    states.push(merged)
  }
  return states[0]!
}

export function showParts<State extends JsonValue>(measure: Measure<State>, split: Split<JsonValue>): JsonValue {
  return measure.finish(written(mergeParts(measure, split)))
}

export function show<State extends JsonValue>(measure: Measure<State>, values: Iterable<JsonValue>): JsonValue {
  let state = measure.empty()
  for (const value of values) state = measure.add(state, value, context)
  return measure.finish(state)
}

function takeOut<T>(list: T[], pick: number): T {
  return list.splice(pick % list.length, 1)[0]!
}

/** As it comes back from a store. */
function written<State extends JsonValue>(state: State): State {
  return JSON.parse(JSON.stringify(state))
}

/** Numbers as events hold them, and as they hold them on a bad day. */
export const anyNumber = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -1_000_000, max: 1_000_000 }).map(cents => cents / 100) },
  { weight: 2, arbitrary: fc.integer({ min: -50, max: 50 }) },
  fc.maxSafeInteger(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0.1, 0.2, 0.3, 0, -0, 1e308, -1e308, Number.MAX_VALUE, 5e-324, 2.2250738585072014e-308, 1e21, 1e-7),
  fc.constantFrom(2 ** 53 + 2, 123456789.12345679, 1e15, 1e15 + 0.125, 999999999999999.9, 1e22, 1e23),
)

/** What no measure of numbers counts. */
export const noNumber = fc.constantFrom<JsonValue>(null, 'text', '12', '[a, b)', true, {}, [1])

/** Decimals that hold all that doubles do, their sums, and their quotients to 15 digits. */
export const SCALE = 400

/** A JSON number, or exact digits, × 10^scale: to check against, read in another way than the one tested. */
export function exactly(number: number | string, scale = SCALE): bigint {
  const [mantissa, exponent = '0'] = String(number).split('e') as [string, string?]
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?]
  return BigInt(whole + fraction) * 10n ** BigInt(scale + Number(exponent) - fraction.length)
}
