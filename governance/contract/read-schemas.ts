// Reads the schema versions of one dataset, each checked by itself, against the lock, and against the one before it.

import type { JsonSchema } from '../../storage/registry/registry.ts'
import { type Annotation, readAnnotations } from './annotation.ts'
import { checkSchema } from './check-schema.ts'
import type { Report } from './diagnostic.ts'
import { checkLock, checkMissing, type Lock } from './lock.ts'
import { greatestChange, schemaChanges } from './schema-step.ts'
import { type Place, schemaTree } from './schema-tree.ts'
import {
  compareSchemaVersions,
  formatSchemaVersion,
  isSmallerStep,
  nextVersion,
  parseSchemaVersion,
  statedStep,
} from './schema-version.ts'
import type { SourceFile } from './source-file.ts'
import { allSchemas } from './sub-schemas.ts'

export interface ReadSchema {
  version: string
  source: SourceFile
  root: JsonSchema
  tree: Place
  annotations: Map<JsonSchema, Annotation>
}

const MAX_NAMED_CHANGES = 5

/** The versions that can be worked with, oldest first; every problem is reported. */
export function readSchemas(dataset: string, files: Map<string, SourceFile>, lock: Lock, report: Report): ReadSchema[] {
  checkMissing(lock, dataset, files.keys(), report)
  const read: ReadSchema[] = []
  const versions = [...files.keys()].sort(compareSchemaVersions)
  for (const [i, version] of versions.entries()) {
    const source = files.get(version)!
    checkLock(lock, dataset, version, source, report)
    const root = checkSchema(source, report)
    if (!root) continue
    const schema = {
      version,
      source,
      root,
      tree: schemaTree(root),
      annotations: readAnnotations(source, allSchemas(root), report),
    }
    checkRootIsClosed(schema, report)
    const previous = read.at(-1)
    // One that cannot be read is mended first: what came after it is compared with it.
    if (previous && previous.version === versions[i - 1]) checkStep(previous, schema, report)
    read.push(schema)
  }
  return read
}

function checkRootIsClosed({ source, tree }: ReadSchema, report: Report): void {
  if (!tree.types.has('object')) {
    report.error(source.at(), 'an event is a JSON object, and this schema allows none.', 'Write "type": "object".')
  } else if (tree.sealed) {
    report.error(source.at(), 'the event itself must be a closed object.', 'Add "additionalProperties": false.')
  }
}

function checkStep(from: ReadSchema, to: ReadSchema, report: Report): void {
  const changes = schemaChanges({ ...from, name: from.version }, { ...to, name: to.version })
  const greatest = greatestChange(changes)
  const before = parseSchemaVersion(from.version)!
  const stated = statedStep(before, parseSchemaVersion(to.version)!)
  if (!greatest || !isSmallerStep(stated, greatest.step)) {
    const next = formatSchemaVersion(nextVersion(before, stated))
    if (to.version === next) return
    const message = `${to.version} skips versions: after ${from.version}, the next ${stated.toUpperCase()} is ${next}.`
    report.error(to.source.at(), message, `Call the file ${next}.json.`)
    return
  }
  const reasons = changes.filter(({ step }) => step === greatest.step).map(({ reason }) => reason)
  const more = reasons.length > MAX_NAMED_CHANGES ? `; and ${reasons.length - MAX_NAMED_CHANGES} more` : ''
  const named = reasons.slice(0, MAX_NAMED_CHANGES).join('; ')
  const next = formatSchemaVersion(nextVersion(before, greatest.step))
  report.error(
    to.source.at(),
    `${to.version} says it is ${article(stated)} ${stated.toUpperCase()} to ${from.version}, but it is ${article(greatest.step)} ${greatest.step.toUpperCase()}: ${named}${more}.`,
    `Call the file ${next}.json, or take the change back.`,
  )
}

function article(step: string): string {
  return step === 'addition' ? 'an' : 'a'
}
