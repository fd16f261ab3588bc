// Checks what a steward wrote against one of our own shapes (TypeBox), and says what is wrong where it stands.

import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import type { TSchema } from 'typebox'
import { deprecatedCategories } from '../classification/taxonomy.ts'
import { compileSchema } from './compile-schema.ts'
import { describeError } from './describe-error.ts'
import type { Report } from './diagnostic.ts'
import { didYouMean, listed } from './did-you-mean.ts'
import { parsePointer } from './json-pointer.ts'
import { reduceErrors } from './reduce-errors.ts'
import type { Path, SourceFile } from './source-file.ts'

const compiled = new WeakMap<TSchema, ValidateFunction>()

/**
 * Whether the value at `path` of a file has the shape; every problem is reported.
 * @param skips paths (from there) that somebody else checks
 */
export function checkShape(
  shape: TSchema,
  source: SourceFile,
  path: Path,
  value: unknown,
  report: Report,
  skips: (tokens: readonly string[]) => boolean = () => false,
): boolean {
  const validate = compiled.get(shape) ?? compileSchema(shape, 'all')
  compiled.set(shape, validate)
  if (validate(value)) return true
  const errors = reduceErrors(validate.errors!).filter(error => !skips(parsePointer(error.instancePath)!))
  for (const error of errors) reportError(error, source, [...path, ...parsePointer(error.instancePath)!], report)
  return errors.length === 0
}

function reportError(error: ErrorObject, source: SourceFile, path: Path, report: Report): void {
  const { keyword, params, parentSchema, data } = error
  const properties = (parentSchema?.properties ?? {}) as Record<string, { description?: string }>
  const name = path.length > 0 ? `\`${path.at(-1)}\`` : 'the file'
  if (keyword === 'additionalProperties') {
    const key = params.additionalProperty as string
    const known = Object.keys(properties)
    const fix = `${didYouMean(key, known)}Known keys here are ${listed(known)}.`
    report.error(source.at([...path, key], 'key'), `the key \`${key}\` is not known here.`, fix)
  } else if (keyword === 'required') {
    const key = params.missingProperty as string
    report.error(
      source.at(path),
      `\`${key}\` is missing.`,
      `Add \`${key}:\`. ${properties[key]?.description ?? ''}`.trim(),
    )
  } else if (keyword === 'enum') {
    const allowed = (params.allowedValues as unknown[]).map(String)
    const renamed = deprecatedCategories.get(String(data))
    const meant =
      renamed && allowed.includes(renamed) ? `Did you mean \`${renamed}\`? ` : didYouMean(String(data), allowed)
    const list = allowed.length > 20 && meant ? '' : `Choose one of ${listed(allowed)}.`
    report.error(source.at(path), `${listed([data])} is no ${path.at(-1)}.`, `${meant}${list}`.trim())
  } else if (keyword === 'pattern') {
    const fix = parentSchema?.description ?? `It must match ${params.pattern}.`
    report.error(source.at(path), `${name} is not written as it should be.`, fix)
  } else {
    const { detail, fix } = describeError(error)
    report.error(source.at(path), `${name}: ${detail}.`, parentSchema?.description ?? fix)
  }
}
