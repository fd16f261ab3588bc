// A request that does not have the shape of its route: a member that the shape does not have is told by those it may
// have, a value that is none of a list by the list, what is no time by one. What was sent is not repeated: it may be anybody's.

import { didYouMean, listed } from '../governance/contract/did-you-mean.ts'
import { parsePointer } from '../governance/contract/json-pointer.ts'
import { isJsonObject, type JsonValue } from '../storage/json.ts'

/** No member of ours is nearly as long. */
const MAX_NAME_LENGTH = 64

/** As ajv tells one. */
export interface ShapeError {
  keyword: string
  instancePath: string
  schemaPath: string
  params: Record<string, unknown>
  message?: string
}

/**
 * @param errors of one part of a request, in the order in which they were found
 * @param part its name: `body`
 * @param shape that it does not have
 * @returns undefined for another kind of mistake
 */
export function tellShapeError(
  errors: ShapeError[],
  part: string,
  shape: JsonValue | undefined,
): { detail: string; fix: string } | undefined {
  const [error] = errors
  if (!error) return undefined
  const { keyword, schemaPath, params } = error
  if (keyword === 'additionalProperties' && typeof params.additionalProperty === 'string') {
    const sent = params.additionalProperty
    const declared = membersAt(shape, schemaPath)
    const meant = sent.length > MAX_NAME_LENGTH ? '' : didYouMean(sent, declared)
    return { detail: `The ${part} has a member that is not declared.`, fix: `${meant}It may have ${listed(declared)}.` }
  }
  if (keyword === 'format' && params.format === 'date-time')
    return {
      detail: `${part}${error.instancePath} is no time.`,
      fix: 'Write it as RFC 3339 does, with its offset: 2026-11-21T08:00:00Z.',
    }
  const allowed = allowedBy(errors)
  return (
    allowed && {
      detail: `${part}${error.instancePath} has a value it may not have.`,
      fix: `It may be ${listed(allowed)}.`,
    }
  )
}

/** The values of a list: of an `enum`, or of constants one of which must be met. */
function allowedBy([first, ...others]: ShapeError[]): unknown[] | undefined {
  if (first?.keyword === 'enum') return first.params.allowedValues as unknown[]
  if (first?.keyword !== 'const') return undefined
  return [first, ...others]
    .filter(({ keyword, instancePath }) => keyword === 'const' && instancePath === first.instancePath)
    .map(({ params }) => params.allowedValue)
}

/** Names that the object shape declares whose `additionalProperties` stands at a path, such as `#/properties/a/additionalProperties`. */
function membersAt(shape: JsonValue | undefined, schemaPath: string): string[] {
  let at = shape
  for (const name of parsePointer(schemaPath.slice(1))?.slice(0, -1) ?? [])
    at = at !== null && typeof at === 'object' ? (at as Record<string, JsonValue>)[name] : undefined
  return isJsonObject(at) && isJsonObject(at.properties) ? Object.keys(at.properties) : []
}
