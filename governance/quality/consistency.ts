// Rules of a policy that must hold between the stored values of one event.

import type { JsonObject, JsonValue } from '../../storage/json.ts'
import { readPointer } from '../contract/event-parts.ts'
import { readInstant } from '../contract/instant.ts'
import type { Comparison, ConsistencyRule } from '../contract/quality.ts'
import { holds } from '../measures/compile-aggregate.ts'
import { storedNumber } from '../measures/stored-number.ts'

export interface CompiledRule {
  name: string
  /** Undefined for an event that the rule does not speak of: a condition does not hold, or a value is missing. */
  holds(event: JsonObject): boolean | undefined
}

/** A date, or the year or month that `generalise` leaves of one. */
const DATE = /^\d{4}(?:-\d\d(?:-\d\d)?)?$/

type Check = (event: JsonObject) => boolean | undefined

/** @param zone IANA zone of times without offset */
export function compileRule({ name, when, require }: ConsistencyRule, zone = 'UTC'): CompiledRule {
  const conditions = when.map(condition => ({ condition, read: readPointer(condition.pointer) }))
  const checks = require.map((each): Check => {
    const read = readPointer(each.pointer)
    if (isComparison(each)) {
      const readOther = readPointer(each.atLeast)
      return event => isAtLeast(read(event), readOther(event), zone)
    }
    return event => {
      const value = read(event) ?? undefined
      return value === undefined ? undefined : holds(each, value)
    }
  })
  return {
    name,
    holds: event => {
      for (const { condition, read } of conditions) if (!holds(condition, read(event))) return undefined
      const found = checks.map(check => check(event))
      return found.includes(undefined) ? undefined : found.every(Boolean)
    },
  }
}

const isComparison = (each: ConsistencyRule['require'][number]): each is Comparison => 'atLeast' in each

/** Undefined where the two cannot be compared: not both of them are numbers, or times. */
function isAtLeast(a: JsonValue | undefined, b: JsonValue | undefined, zone: string): boolean | undefined {
  const [one, other] = [a ?? false, b ?? false]
  const [first, second] = [storedNumber(one), storedNumber(other)]
  if (first !== undefined && second !== undefined) return first >= second
  const [later, earlier] = [timeMs(one, zone), timeMs(other, zone)]
  return later === undefined || earlier === undefined ? undefined : later >= earlier
}

function timeMs(value: JsonValue, zone: string): number | undefined {
  if (typeof value !== 'string') return undefined
  const instant = readInstant(DATE.test(value) ? value.padEnd(10, '-01') : value, zone)
  return typeof instant === 'object' ? instant.epochMs : undefined
}
