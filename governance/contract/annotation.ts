// How a schema classifies its own fields: `x-ecluse: { category, level, action }`, and the tags that Confluent's
// catalogue uses (`confluent:tags`).

import Type from 'typebox'
import type { JsonSchema } from '../../storage/registry/registry.ts'
import type { Level } from '../classification/taxonomy.ts'
import { categories, higherLevel, levels } from '../classification/taxonomy.ts'
import { checkShape } from './check-shape.ts'
import type { Position, Report } from './diagnostic.ts'
import { type ReadAction, readAction } from './read-action.ts'
import type { Path, SourceFile } from './source-file.ts'

export interface Annotation {
  category?: string
  level?: Level
  action?: ReadAction
  /** Tagged as personal or sensitive: it must not be kept. */
  sensitive: boolean
  at: Position
}

const annotationSchema = Type.Object(
  {
    category: Type.Optional(Type.String({ enum: [...categories.keys()] })),
    level: Type.Optional(Type.String({ enum: [...levels] })),
    action: Type.Optional(Type.Unknown()),
  },
  { additionalProperties: false },
)

const tagsSchema = Type.Array(Type.String())

const tagLevels: ReadonlyMap<string, Level> = new Map([
  ['PUBLIC', 'public'],
  ['INTERNAL', 'internal'],
  ['PRIVATE', 'confidential'],
  ['CONFIDENTIAL', 'confidential'],
  ['PII', 'confidential'],
  ['SENSITIVE', 'restricted'],
  ['RESTRICTED', 'restricted'],
])
const sensitiveTags = new Set(['PII', 'SENSITIVE'])

/** The annotations of each schema in a file. */
export function readAnnotations(
  source: SourceFile,
  schemas: Map<JsonSchema, Path>,
  report: Report,
): Map<JsonSchema, Annotation> {
  const found = new Map<JsonSchema, Annotation>()
  for (const [schema, path] of schemas) {
    const annotation = readAnnotation(source, schema, path, report)
    if (annotation) found.set(schema, annotation)
  }
  return found
}

function readAnnotation(source: SourceFile, schema: JsonSchema, path: Path, report: Report): Annotation | undefined {
  const own = schema['x-ecluse'] as { category?: string; level?: Level; action?: unknown } | undefined
  const written = schema['confluent:tags']
  const ownPath = [...path, 'x-ecluse']
  const tagsPath = [...path, 'confluent:tags']
  const isShaped = own === undefined || checkShape(annotationSchema, source, ownPath, own, report)
  const action = own?.action === undefined ? undefined : readAction(source, [...ownPath, 'action'], own.action, report)
  const areTags = written === undefined || checkShape(tagsSchema, source, tagsPath, written, report)
  if (!isShaped || !areTags) return undefined
  const tags = ((written ?? []) as string[]).map(tag => tag.toUpperCase()).filter(tag => tagLevels.has(tag))
  if (own === undefined && tags.length === 0) return undefined
  const stated = [...(own?.level ? [own.level] : []), ...tags.map(tag => tagLevels.get(tag)!)]
  const level = stated.length > 0 ? stated.reduce(higherLevel) : undefined
  return {
    ...(own?.category !== undefined && { category: own.category }),
    ...(level !== undefined && { level }),
    ...(action !== undefined && { action }),
    sensitive: tags.some(tag => sensitiveTags.has(tag)),
    at: source.at(own === undefined ? tagsPath : ownPath, 'key'),
  }
}
