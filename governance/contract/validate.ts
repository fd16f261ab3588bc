// Compiles a schema into the check every event passes. What it says of an invalid event comes from the schema alone:
// never a value, never a name the schema does not declare.

import type { ErrorObject } from 'ajv/dist/2020.js'
import type { JsonObject } from '../../storage/json.ts'
import type { JsonSchema } from '../../storage/registry/registry.ts'
import { compileSchema } from './compile-schema.ts'
import type { Violation } from './contract.ts'
import { describeError } from './describe-error.ts'
import { formatPointer, parsePointer } from './json-pointer.ts'
import { reduceErrors } from './reduce-errors.ts'
import type { Place } from './schema-tree.ts'

/** Of an invalid event with more values than this, only the first error is looked for. */
const MAX_VALUES_EXAMINED = 10_000

/**
 * Compiles the validator of one schema version. A valid event costs one run of Ajv's code; only an invalid one is
 * looked at again for all that is wrong.
 * @param tree the schema's places, which say what may be named
 */
export function compileValidator(
  schema: JsonSchema,
  tree: Place,
  maxViolations: number,
): (event: JsonObject) => Violation[] {
  const isValid = compileSchema(schema, 'first')
  const findAll = compileSchema(schema, 'all')
  return event => {
    if (isValid(event)) return []
    const complete = countValues(event, MAX_VALUES_EXAMINED) < MAX_VALUES_EXAMINED
    if (complete) findAll(event)
    const errors = (complete ? findAll.errors : isValid.errors) ?? []
    // Ajv would keep the event alive through its last errors.
    isValid.errors = findAll.errors = null
    return violationsOf(errors, tree, maxViolations, complete)
  }
}

function violationsOf(errors: ErrorObject[], tree: Place, maxViolations: number, complete: boolean): Violation[] {
  const undeclared = new Map<string, number>()
  const violations = new Map<string, Violation>()
  for (const error of reduceErrors(errors)) {
    const { keyword } = error
    const at = declaredPointer(tree, error.instancePath)
    const names = keyword === 'additionalProperties' || keyword === 'unevaluatedProperties'
    if (names) undeclared.set(at, (undeclared.get(at) ?? 0) + 1)
    const { detail, fix } = describeError(error, complete ? undeclared.get(at) : undefined)
    const { missingProperty } = error.params
    const missing = typeof missingProperty === 'string' ? formatPointer([missingProperty]) : ''
    const violation: Violation = { pointer: at + missing, keyword, detail, fix }
    const key = names ? `${at} ${keyword}` : JSON.stringify([violation.pointer, keyword, detail])
    if (violations.has(key) || violations.size < maxViolations) violations.set(key, violation)
  }
  return [...violations.values()]
}

/** A pointer into an event with `*` for every token the schema does not declare there; array indices stay. */
function declaredPointer(tree: Place, instancePath: string): string {
  let place: Place | undefined = tree
  const tokens = (parsePointer(instancePath) ?? []).map(token => {
    const member: Place | undefined = place?.members?.get(token)
    const isIndex = member === undefined && place?.items !== undefined && /^\d+$/.test(token)
    place = member ?? (isIndex ? place?.items : undefined)
    return place ? token : '*'
  })
  return formatPointer(tokens)
}

function countValues(value: unknown, limit: number): number {
  if (typeof value !== 'object' || value === null) return 1
  let count = 1
  for (const inner of Object.values(value)) {
    if (count >= limit) break
    count += countValues(inner, limit - count)
  }
  return count
}
