// Decides which versions of a registry subject are a dataset's raw schemas, from what the registry answers now and from
// what was live before, and gives each its SchemaVer name. What was live is never replaced by another content.

import { checkSchema } from './check-schema.ts'
import { type Diagnostic, type Position, type Report, reportInto } from './diagnostic.ts'
import { listed } from './did-you-mean.ts'
import type { NamedVersion, RawVersion } from './pin-schemas.ts'
import { greatestChange, schemaChanges } from './schema-step.ts'
import { schemaTree } from './schema-tree.ts'
import { formatSchemaVersion, nextVersion, parseSchemaVersion } from './schema-version.ts'
import { type FoundFile, parseSource } from './source-file.ts'

/** What a policy says of where its raw schema is. */
export interface SchemaReference {
  dataset: string
  registrySubject: string
  version: number | 'latest'
  /** Where the policy says so. */
  at: Position
  /** Another policy text may mean another reference. */
  policySha256: string
}

/** What the registry says of a registry subject. */
export type Answer =
  | {
      versions: RawVersion[]
      /** A registry subject that may have been meant, where this one has no version. */
      nearby?: string
    }
  /** It cannot be asked. */
  | { problem: string }
  /** It holds schemas of another kind: AVRO, PROTOBUF. */
  | { kind: string }

export interface SettledVersions {
  /** Oldest first. */
  versions: NamedVersion[]
  /** How many of them were live before. */
  liveBefore: number
  /** False when a version that the policy wants is not to be had. */
  isComplete: boolean
  diagnostics: Diagnostic[]
}

/** @param pins what was live before, of any version; undefined when that is not known, and nothing can be live */
export function settleVersions(
  reference: SchemaReference,
  pins: NamedVersion[] | undefined,
  answer: Answer,
): SettledVersions {
  const { dataset, registrySubject, version: wanted } = reference
  const diagnostics: Diagnostic[] = []
  const report = reportInto(diagnostics, dataset)
  const isWanted = ({ registryVersion }: RawVersion) => wanted === 'latest' || registryVersion <= wanted
  const live = (pins ?? []).filter(isWanted)
  const settled = (versions: NamedVersion[]): SettledVersions => {
    const last = versions.at(-1)?.registryVersion
    const isComplete = wanted === 'latest' ? last !== undefined : last === wanted
    return { versions, liveBefore: live.length, isComplete, diagnostics }
  }

  if (!('versions' in answer)) {
    reportFailure(reference, answer, pins !== undefined && !settled(live).isComplete, pins === undefined, report)
    return settled(live)
  }
  const answered = new Map(answer.versions.map(version => [version.registryVersion, version]))
  if (answered.size === 0) {
    const known = live.length > 0 ? ' any more; what was live of it stays in force' : ''
    const meant = answer.nearby === undefined ? '' : `Did you mean \`${answer.nearby}\`? `
    const fix = `${meant}Register the schema there, or mend the name.`
    report.error(reference.at, `the registry has no registry subject \`${registrySubject}\`${known}.`, fix)
    return settled(live)
  }
  if (hasChanged(reference, live, answered, report)) return settled(live)
  const lastLive = live.at(-1)?.registryVersion ?? 0
  const newer = answer.versions.filter(version => isWanted(version) && version.registryVersion > lastLive)
  const result = settled(nameVersions(live, newer))
  if (!result.isComplete) {
    const fix = `It has ${listed(answered.keys())}: name one of them, or latest.`
    report.error(reference.at, `registry subject \`${registrySubject}\` has no version ${wanted}.`, fix)
  }
  return result
}

function reportFailure(
  { registrySubject, at }: SchemaReference,
  failure: { problem: string } | { kind: string },
  isMissing: boolean,
  isUnknown: boolean,
  report: Report,
): void {
  if ('kind' in failure) {
    const message = `registry subject \`${registrySubject}\` holds ${failure.kind}, not JSON Schema.`
    report.error(at, message, 'Name a registry subject that holds JSON Schemas of draft 2020-12 alone.')
    return
  }
  const consequence = isUnknown
    ? 'the policy was checked by itself'
    : isMissing
      ? 'nothing goes live of it'
      : 'what was live of it stays in force'
  const message = `the registry cannot be asked for \`${registrySubject}\`; ${consequence}: ${failure.problem.replace(/\.$/, '')}.`
  const fix = 'Bring the registry back; it is asked again by itself.'
  if (isMissing) report.error(at, message, fix)
  else report.warning(at, message, isUnknown ? 'Run the check where the registry can be reached.' : fix)
}

/** Whether the registry gives another content for what was live; versions that are gone from it are a warning. */
function hasChanged(
  { dataset, registrySubject, at }: SchemaReference,
  live: NamedVersion[],
  answered: Map<number, RawVersion>,
  report: Report,
): boolean {
  let changed = false
  for (const { version, registryVersion, id, sha256 } of live) {
    const now = answered.get(registryVersion)
    if (!now) {
      const message = `version ${registryVersion} of registry subject \`${registrySubject}\` is gone; it stays in force, as stored events refer to it.`
      report.warning(at, message, 'Restore it in the registry.')
    } else if (now.sha256 !== sha256) {
      changed = true
      const message = `version ${registryVersion} of registry subject \`${registrySubject}\` is another than the one that went live (then id ${id}, SHA-256 ${sha256}; now id ${now.id}, SHA-256 ${now.sha256}): a version never changes, and what was live stays in force.`
      const fix = `Restore the registry. GET /v1/datasets/${dataset}/schemas/${version} shows what the version was.`
      report.error(at, message, fix)
    }
  }
  return changed
}

/** Each new version is as far from the one before it as its schema says. */
function nameVersions(live: NamedVersion[], newer: RawVersion[]): NamedVersion[] {
  const named = [...live]
  for (const raw of newer) {
    const last = named.at(-1)
    named.push({ ...raw, version: last ? nextName(last, raw) : '1-0-0' })
  }
  return named
}

/** One that cannot be read has any name: it will be refused. */
function nextName(last: NamedVersion, raw: RawVersion): string {
  const [from, to] = [readQuietly(last), readQuietly(raw)]
  const change = from && to && greatestChange(schemaChanges(from, to))
  return formatSchemaVersion(nextVersion(parseSchemaVersion(last.version)!, change?.step ?? 'addition'))
}

function readQuietly({ text, sha256 }: RawVersion) {
  const silent: Report = { error: () => {}, warning: () => {} }
  const root = checkSchema(parseSource({ path: '', bytes: Buffer.from(text), sha256 }, 'json', silent), silent)
  return root && { name: '', root, tree: schemaTree(root) }
}

/** A version as if it had been read from a file. */
export function foundVersion({ registrySubject, at }: SchemaReference, version: NamedVersion): FoundFile {
  const { registryVersion, sha256, text } = version
  return {
    path: `registry:${registrySubject}/${registryVersion}`,
    bytes: Buffer.from(text),
    sha256,
    namedAt: { ...at, within: `registry version ${registryVersion} of ${registrySubject}` },
  }
}
