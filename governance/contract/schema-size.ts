// Whether a schema stays of a size that can be walked and run: references multiply, and may lead back to themselves.

import type { JsonSchema } from '../../storage/registry/registry.ts'
import { isSchemaObject, resolveRef, type Schema, subSchemas } from './sub-schemas.ts'

const MAX_PLACES = 10_000

/** Keywords whose schemas hold for the very value that the schema itself holds for. */
const inPlace = new Set<unknown>(['allOf', 'anyOf', 'oneOf', 'if', 'then', 'else', 'not', 'dependentSchemas'])
const definitions = new Set<unknown>(['$defs', 'definitions'])

export interface SizeProblem {
  /** A reference that leads to itself without going deeper, or definitions that multiply. */
  kind: 'endless' | 'too large'
  schema: JsonSchema
}

/** What would make walking a schema endless or too long; undefined when there is nothing. */
export function sizeProblem(root: JsonSchema): SizeProblem | undefined {
  let left = MAX_PLACES
  /** @param above schemas referred to on the way to this value; @param here those that hold for the value itself */
  const visit = (schema: Schema, above: readonly Schema[], here: readonly Schema[]): SizeProblem | undefined => {
    if (!isSchemaObject(schema)) return undefined
    if (left-- === 0) return { kind: 'too large', schema }
    if (schema.$ref !== undefined) {
      const target = resolveRef(root, schema.$ref)
      if (here.includes(target)) return { kind: 'endless', schema }
      const problem = above.includes(target) ? undefined : visit(target, above, [...here, target])
      if (problem) return problem
    }
    for (const { path, schema: inner } of subSchemas(schema)) {
      if (definitions.has(path[0])) continue
      const problem = inPlace.has(path[0]) ? visit(inner, above, here) : visit(inner, [...above, ...here], [])
      if (problem) return problem
    }
    return undefined
  }
  return visit(root, [], [root])
}
