// Which causes of rejection an edit may take away: an estimate from what the schemas say, without opening an original.

import type { Contract } from './contract.ts'
import { parsePointer } from './json-pointer.ts'
import { type Place, schemaTree } from './schema-tree.ts'

type Asked = Pick<Contract, 'versions' | 'newest' | 'eventTime' | 'subjects'>

/**
 * Whether the newest schema says something else than before about what an event was rejected for: pointer and keyword of
 * its first error, as the quarantine groups them. An event may have further errors, and may name an older version.
 */
export function mayPassNow(before: Asked, after: Asked, cause: string): boolean {
  const at = cause.lastIndexOf(' ')
  const [pointer, keyword] = [cause.slice(0, at).replace(/^\(event\)$/, ''), cause.slice(at + 1)]
  const [old, now] = [before, after].map(contract => statementOf(contract, pointer, keyword))
  // What is not declared any more is rejected for that.
  return now !== undefined && old !== now
}

/** What a contract says of a keyword at a place; undefined where the place is not declared. */
function statementOf(contract: Asked, pointer: string, keyword: string): string | undefined {
  const { schema, fields } = contract.versions.get(contract.newest)!
  const root = schemaTree(schema)
  const tokens = parsePointer(pointer) ?? []
  if (keyword === 'required') {
    const around = placeAt(root, tokens.slice(0, -1))
    return around && String(around.required.has(tokens.at(-1)!))
  }
  const place = placeAt(root, tokens)
  if (!place) return undefined
  if (keyword === 'unclassified')
    return String(fields.some(field => field.pointer === place.pointer && field.action === 'reject'))
  if (keyword === 'time') return JSON.stringify([contract.eventTime])
  if (keyword === 'subject') return JSON.stringify(contract.subjects.map(({ type, pointer }) => [type, pointer]))
  if (keyword === 'type') return [...place.types].sort().join()
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties')
    return [...(place.members?.keys() ?? [])].sort().join()
  return JSON.stringify(place.written.map(written => written[keyword]))
}

/** Where an error stood: array indices are the one place of all items. */
function placeAt(root: Place, tokens: readonly string[]): Place | undefined {
  let place: Place | undefined = root
  for (const token of tokens) place = place?.members?.get(token) ?? (/^\d+$/.test(token) ? place?.items : undefined)
  return place
}
