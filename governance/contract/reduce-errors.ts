// Ajv reports every branch of a union that does not fit. This keeps what a person needs to know: the one branch that
// was probably meant, or one sentence about all of them.

import type { ErrorObject } from 'ajv/dist/2020.js'

/** Errors without the noise of `anyOf`, `oneOf` and `if`. Needs Ajv's `verbose`. */
export function reduceErrors(errors: readonly ErrorObject[]): ErrorObject[] {
  let kept: ErrorObject[] = []
  for (const error of errors) {
    if (error.propertyName !== undefined) continue
    if (error.keyword === 'contains') kept = kept.filter(({ schemaPath }) => !isWithin(schemaPath, error.schemaPath))
    kept = error.keyword === 'anyOf' || error.keyword === 'oneOf' ? reduceUnion(kept, error) : [...kept, error]
  }
  return kept.length > 1 ? kept.filter(({ keyword }) => keyword !== 'if') : kept
}

function reduceUnion(before: ErrorObject[], union: ErrorObject): ErrorObject[] {
  const branches = union.schema as { $ref?: string }[]
  const prefixes = branches.map((branch, i) => branch.$ref ?? `${union.schemaPath}/${i}`)
  const branchOf = (error: ErrorObject) =>
    isWithin(error.instancePath, union.instancePath)
      ? prefixes.findIndex(prefix => isWithin(error.schemaPath, prefix))
      : -1
  const rest = before.filter(error => branchOf(error) < 0)
  // Several branches fit, and only one may.
  if (union.params.passingSchemas) return [...rest, union]
  const byBranch = branches.map((_, branch) => before.filter(error => branchOf(error) === branch))
  const isHere = (error: ErrorObject, keyword: string) =>
    error.keyword === keyword && error.instancePath === union.instancePath
  const possible = byBranch.filter(found => !found.some(error => isHere(error, 'type')))
  if (possible.length === 0) {
    const type = [...new Set(byBranch.flat().flatMap(error => (isHere(error, 'type') ? error.params.type : [])))]
    return [...rest, { ...union, keyword: 'type', params: { type } }]
  }
  if (
    possible.every(found => found.length > 0 && found.every(error => isHere(error, 'enum') || isHere(error, 'const')))
  ) {
    const allowedValues = possible.flat().flatMap(({ params }) => params.allowedValues ?? [params.allowedValue])
    return [...rest, { ...union, keyword: 'enum', params: { allowedValues } }]
  }
  const least = Math.min(...possible.map(found => found.length))
  const nearest = possible.filter(found => found.length === least)
  return nearest.length === 1 && least > 0 ? [...rest, ...nearest[0]!] : [...rest, union]
}

function isWithin(path: string, above: string): boolean {
  return path === above || path.startsWith(`${above}/`)
}
