// A request with a member that its shape does not have: told by the members it may have, and the one that may have been
// meant. What was sent is not repeated: it may be anybody's.

import type { FastifyRequest } from 'fastify'
import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import { didYouMean, listed } from '../governance/contract/did-you-mean.ts'
import { parsePointer } from '../governance/contract/json-pointer.ts'
import { isJsonObject, type JsonValue } from '../storage/json.ts'

/** No member of ours is nearly as long. */
const MAX_NAME_LENGTH = 64

/** Undefined for another kind of mistake. */
export function tellUndeclared(
  request: FastifyRequest,
  [error]: FastifySchemaValidationError[],
  context: string | undefined,
): { detail: string; fix: string } | undefined {
  const { keyword, schemaPath = '', params } = error ?? {}
  const sent = params?.additionalProperty
  if (keyword !== 'additionalProperties' || typeof sent !== 'string') return undefined
  const part = context === 'querystring' ? 'query' : (context ?? 'request')
  const shapes = request.routeOptions.schema as Record<string, JsonValue> | undefined
  const declared = membersAt(shapes?.[context ?? ''], schemaPath)
  const meant = sent.length > MAX_NAME_LENGTH ? '' : didYouMean(sent, declared)
  const fix = `${meant}It may have ${listed(declared)}.`
  return { detail: `The ${part} has a member that is not declared.`, fix }
}

/** Names that the object shape declares whose `additionalProperties` stands at a path, such as `#/properties/a/additionalProperties`. */
function membersAt(shape: JsonValue | undefined, schemaPath: string): string[] {
  let at = shape
  for (const name of parsePointer(schemaPath.slice(1))?.slice(0, -1) ?? [])
    at = at !== null && typeof at === 'object' ? (at as Record<string, JsonValue>)[name] : undefined
  return isJsonObject(at) && isJsonObject(at.properties) ? Object.keys(at.properties) : []
}
