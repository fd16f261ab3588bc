// Everything that must hold of one schema file before anybody relies on it: JSON Schema draft 2020-12, references that
// stay in the file, known keywords and formats, linear patterns, bounded size. Every problem is reported.

import type { JsonSchema } from '../../storage/registry/registry.ts'
import { compileSchema, DRAFT_2020_12, metaSchemaErrors } from './compile-schema.ts'
import type { Report } from './diagnostic.ts'
import { didYouMean, listed } from './did-you-mean.ts'
import { formats } from './formats.ts'
import { parsePointer } from './json-pointer.ts'
import { linearPattern } from './linear-pattern.ts'
import { sizeProblem } from './schema-size.ts'
import type { Path, SourceFile } from './source-file.ts'
import { allSchemas, isSchemaObject, keywords, refPath, subSchemas } from './sub-schemas.ts'

/** An array with this many unique containers costs half a million comparisons. */
const MAX_UNIQUE_CONTAINERS = 1_000

const jsonTypes = ['null', 'boolean', 'integer', 'number', 'string', 'array', 'object']

/** Names that every JavaScript object seems to have, and `*`, which patterns need for themselves. */
export const refusedNames = new Set([...Object.getOwnPropertyNames(Object.prototype), '*', '**', ''])

/** The schema in this file, or undefined when an error was reported. */
export function checkSchema(source: SourceFile, reportTo: Report): JsonSchema | undefined {
  let errors = 0
  const report: Report = {
    ...reportTo,
    error: (...problem) => {
      errors++
      reportTo.error(...problem)
    },
  }
  const root = source.value
  if (root === undefined) return undefined
  if (!isSchemaObject(root)) {
    report.error(source.at(), 'a schema is a JSON object.', 'Write { "$schema": …, "type": "object", … }.')
    return undefined
  }
  checkRoot(source, root, report)
  const schemas = allSchemas(root)
  for (const [schema, path] of schemas) checkOne(source, schema, path, root, schemas, report)
  if (errors > 0) return undefined

  for (const { instancePath, keyword, message } of metaSchemaErrors(root)) {
    if (['anyOf', 'allOf', '$ref', '$dynamicRef'].includes(keyword)) continue
    const path = parsePointer(instancePath) ?? []
    report.error(
      source.at(path),
      `\`${path.at(-1)}\` is not as JSON Schema wants it: it ${message}.`,
      'Mend its value.',
    )
  }
  if (errors > 0) return undefined

  const size = sizeProblem(root)
  const at = size && source.at(schemas.get(size.schema))
  if (size?.kind === 'endless') report.error(at!, 'this $ref leads back to itself at the same place.', 'Take it away.')
  if (size?.kind === 'too large') {
    report.error(
      at!,
      'with references followed the schema has more than 10,000 places.',
      'Use fewer nested references.',
    )
  }
  if (errors > 0) return undefined
  try {
    compileSchema(root, 'first')
  } catch (error) {
    const message = (error as Error).message
    const path = refPath(/"(#[^"]*)"/.exec(message)?.[1]) ?? []
    report.error(source.at(path), `the schema cannot be compiled: ${message}.`, 'Mend the keyword it names.')
  }
  return errors > 0 ? undefined : root
}

function checkRoot(source: SourceFile, root: JsonSchema, report: Report): void {
  if (root.$schema === undefined) {
    report.error(source.at(), '`$schema` is missing.', `Add "$schema": "${DRAFT_2020_12}".`)
  } else if (root.$schema !== DRAFT_2020_12 && root.$schema !== `${DRAFT_2020_12}#`) {
    report.error(source.at(['$schema']), 'only draft 2020-12 is understood.', `Write "$schema": "${DRAFT_2020_12}".`)
  }
}

function checkOne(
  source: SourceFile,
  schema: JsonSchema,
  path: Path,
  root: JsonSchema,
  schemas: Map<JsonSchema, Path>,
  report: Report,
): void {
  const at = (keyword: string, ...inside: (string | number)[]) => source.at([...path, keyword, ...inside])
  for (const keyword of Object.keys(schema)) {
    const known = keywords.has(keyword) && !(path.length > 0 && ['$id', '$schema'].includes(keyword))
    if (known) continue
    const fix = `${didYouMean(keyword, keywords)}Use keywords of draft 2020-12; $anchor, $dynamicRef and inner $id are not supported.`
    report.error(source.at([...path, keyword], 'key'), `the keyword \`${keyword}\` is not known here.`, fix)
  }
  for (const type of [schema.type ?? []].flat()) {
    if (jsonTypes.includes(type as string)) continue
    const fix = `${didYouMean(String(type), jsonTypes)}Types are ${listed(jsonTypes)}.`
    report.error(at('type'), `\`${type}\` is no JSON type.`, fix)
  }
  if (schema.$ref !== undefined && !leadsToSchema(root, schema.$ref, schemas)) {
    const fix = `${didYouMean(
      String(schema.$ref),
      Object.keys((root.$defs as object) ?? {}).map(name => `#/$defs/${name}`),
    )}Refer to a schema of this file: "#/$defs/…".`
    report.error(at('$ref'), `\`$ref\` leads to no schema of this file.`, fix)
  }
  if (typeof schema.pattern === 'string') checkPattern(schema.pattern, at('pattern'), report)
  for (const pattern of Object.keys((schema.patternProperties as object) ?? {})) {
    checkPattern(pattern, source.at([...path, 'patternProperties', pattern], 'key'), report)
  }
  if (typeof schema.format === 'string' && !Object.hasOwn(formats, schema.format)) {
    const fix = `${didYouMean(schema.format, Object.keys(formats))}Known formats are ${listed(Object.keys(formats))}.`
    report.error(at('format'), `the format \`${schema.format}\` is not known.`, fix)
  }
  for (const name of Object.keys((schema.properties as object) ?? {})) {
    if (!refusedNames.has(name)) continue
    report.error(
      source.at([...path, 'properties', name], 'key'),
      `a property may not be called \`${name}\`.`,
      'Choose another name.',
    )
  }
  checkUniqueItems(schema, at('uniqueItems'), report)
}

function leadsToSchema(root: JsonSchema, ref: unknown, schemas: Map<JsonSchema, Path>): boolean {
  const tokens = refPath(ref)
  if (!tokens) return false
  let value: unknown = root
  for (const token of tokens) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, token)) return false
    value = (value as Record<string, unknown>)[token]
  }
  if (isSchemaObject(value)) return schemas.has(value)
  const parent = tokens.slice(0, -2).reduce<unknown>((inner, token) => (inner as Record<string, unknown>)[token], root)
  return (
    typeof value === 'boolean' && isSchemaObject(parent) && subSchemas(parent).some(({ schema }) => schema === value)
  )
}

function checkPattern(pattern: string, at: ReturnType<SourceFile['at']>, report: Report): void {
  try {
    linearPattern(pattern)
  } catch (error) {
    const fix =
      'Write it without look-around, back-references and repetitions above 1000: patterns must run in linear time (RE2).'
    report.error(at, `this pattern cannot be run: ${(error as Error).message}.`, fix)
  }
}

/** Ajv compares containers pairwise. */
function checkUniqueItems(schema: JsonSchema, at: ReturnType<SourceFile['at']>, report: Report): void {
  if (schema.uniqueItems !== true) return
  if (typeof schema.maxItems === 'number' && schema.maxItems <= MAX_UNIQUE_CONTAINERS) return
  const types = [(schema.items as JsonSchema | undefined)?.type ?? 'object'].flat()
  if (types.length === 1 && types.every(type => type !== 'object' && type !== 'array')) return
  report.error(
    at,
    'unique items of more than one type, or objects, are compared pair by pair: a long array would take too long.',
    `Add "maxItems": ${MAX_UNIQUE_CONTAINERS} or less, or give the items one scalar type.`,
  )
}
