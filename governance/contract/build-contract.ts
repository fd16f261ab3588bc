// Compiles one dataset's policy and schema versions into its contract.

import type { JsonObject } from '../../storage/json.ts'
import { buildAggregates, type Tables } from './build-aggregates.ts'
import { buildQuality } from './build-quality.ts'
import { checkComputed, checkSources, computedIn, withComputed } from './check-computed.ts'
import { checkEvent } from './check-event.ts'
import { classify, type RuleUse } from './classify.ts'
import { compileComputed } from './compute.ts'
import type { Contract, ContractVersion, SubjectRule } from './contract.ts'
import { derivedSchema } from './derived-schema.ts'
import type { Report } from './diagnostic.ts'
import { didYouMean } from './did-you-mean.ts'
import { matchesPattern } from './json-pointer.ts'
import type { Policy } from './policy.ts'
import { durationMs } from './policy-parts.ts'
import type { ComputedField } from './read-computed.ts'
import type { FieldsRule, ReadPolicy } from './read-policy.ts'
import type { ReadSchema } from './read-schemas.ts'
import { type Place, placesIn } from './schema-tree.ts'
import { compareSchemaVersions } from './schema-version.ts'
import { compileValidator } from './validate.ts'

/** The contract; to be used only if nothing but warnings was reported. */
export function buildContract(
  read: ReadPolicy,
  schemas: ReadSchema[],
  tables: Tables | undefined,
  maxViolations: number,
  report: Report,
): Contract {
  const { policy, source } = read
  const use: RuleUse = { matched: new Set(), decided: new Set() }
  checkSources(read, schemas, report)
  const readVersions = schemas.map(schema => {
    const computed = computedIn(read, schema, schemas)
    return { ...schema, computed, full: withComputed(schema.tree, computed) }
  })
  const versions = readVersions.map(schema => buildVersion(read, schema, maxViolations, use, report))
  const trees = readVersions.map(({ full, version }, i) => ({ tree: full, version, plan: versions[i]!.plan }))
  const newestFirst = trees.sort((a, b) => compareSchemaVersions(b.version, a.version))
  const readable = { source, versions: newestFirst, report }
  const aggregates = buildAggregates(read.aggregates, readable, tables)
  const quality = buildQuality(read.quality, readable, policy.event.time?.at)
  for (const rule of read.rules) checkUse(rule, readVersions, use, report)
  const newest = versions
    .map(({ version }) => version)
    .sort(compareSchemaVersions)
    .at(-1)!
  const { id, time } = policy.event
  const eventId = typeof id === 'string' ? { pointer: id, personal: false } : id && { pointer: id.at, personal: true }
  const latest = schemas.find(({ version }) => version === newest)!
  return {
    dataset: policy.dataset,
    policy,
    policyText: source.text,
    policySha256: source.sha256,
    policyFile: source.file,
    versions: new Map(versions.map(version => [version.version, version])),
    newest,
    subjects: policy.event.subjects.map(subjectRule),
    eventId,
    eventTime: time && { pointer: time.at, ...(time.zone !== undefined && { zone: time.zone }) },
    ceSource: policy.event.source ?? `urn:ecluse:${policy.dataset}`,
    ceType: policy.event.type ?? policy.dataset,
    retentionMs: {
      log: durationMs(policy.retention.log),
      events: durationMs(policy.retention.events),
      quarantine: durationMs(policy.retention.quarantine),
      lake: durationMs(policy.retention.lake),
    },
    aggregates,
    quality,
    references: new Map([...(tables ?? [])].flatMap(([name, table]) => (table ? [[name, table]] : []))),
    sample: (latest.root.examples as JsonObject[] | undefined)?.[0],
  }
}

interface ReadVersion extends ReadSchema {
  computed: ComputedField[]
  /** The tree of raw events, with computed members added. */
  full: Place
}

function buildVersion(
  read: ReadPolicy,
  schema: ReadVersion,
  maxViolations: number,
  use: RuleUse,
  report: Report,
): ContractVersion {
  const { version, root, tree, full, annotations, source } = schema
  const eventRules = checkEvent({ read, tree, annotations, version, report })
  const computed = new Map(schema.computed.map(({ pointer, computation }) => [pointer, computation]))
  const classifiable = { root, tree: full, annotations, eventRules, computed }
  const { plan, fields, coverage } = classify(classifiable, read, use, report)
  checkComputed(read, schema.computed, plan, report)
  const validate = compileValidator(root, tree, maxViolations)
  checkExamples(schema, validate, report)
  for (const { pointer, action } of fields) {
    if (action !== 'reject' || !isAlwaysPresent(schema, pointer)) continue
    const message = `${pointer} is required by the schema, and nobody has classified it: every event would be rejected.`
    report.error(read.source.at(['unclassified']), message, `Add a rule for ${pointer}.`)
  }
  const origin = { dataset: read.policy.dataset, schema: version, schemaSha256: source.sha256 }
  return {
    version,
    schema: root,
    schemaText: source.text,
    schemaAt: source.at(),
    schemaSha256: source.sha256,
    validate,
    compute: compileComputed(schema.computed),
    plan,
    derived: derivedSchema(root, full, plan, { ...origin, policySha256: read.source.sha256 }),
    fields,
    coverage,
  }
}

function isAlwaysPresent({ tree }: ReadSchema, pointer: string): boolean {
  const name = pointer.slice(1)
  return !name.includes('/') && tree.required.has(name)
}

function checkExamples({ source, root }: ReadSchema, validate: ContractVersion['validate'], report: Report): void {
  const examples = Array.isArray(root.examples) ? root.examples : []
  for (const [i, example] of examples.entries()) {
    const [violation] = validate(example as JsonObject)
    if (!violation) continue
    const at = source.at(['examples', i])
    report.warning(at, `this example would be rejected: ${violation.pointer} ${violation.detail}.`, violation.fix)
  }
}

function subjectRule({ name, type, id, aliases, sentinels }: Policy['event']['subjects'][number]): SubjectRule {
  return {
    name,
    type,
    pointer: id,
    aliases: (aliases ?? []).map(({ type, at }) => ({ type, pointer: at })),
    sentinels: new Set((sentinels ?? []).map(sentinel => String(sentinel).normalize('NFC'))),
  }
}

/** A rule must match something in at least one version, and decide something. */
function checkUse(rule: FieldsRule, versions: ReadVersion[], use: RuleUse, report: Report): void {
  const { pattern, tokens, at } = rule
  if (use.decided.has(rule)) return
  const places = versions.flatMap(({ full }) => [...placesIn(full)])
  if (use.matched.has(rule)) {
    report.warning(at, `\`${pattern}\` decides nothing: more specific rules cover all it matches.`, 'Take it away.')
    return
  }
  const around = places.find(({ sealed, tokens: outer }) => sealed && outer.length > 0 && startsWith(tokens, outer))
  if (around) {
    const message = `\`${pattern}\` lies inside ${around.pointer}, which can only be treated as one value.`
    report.error(
      at,
      message,
      `Let one rule for \`${around.pointer}\` speak of all of it, or declare its properties in the schema.`,
    )
    return
  }
  const fix = `${didYouMean(
    pattern,
    places.map(({ pointer }) => pointer),
  )}Name a property the schema declares.`
  report.error(at, `\`${pattern}\` matches nothing in the schema.`, fix)
}

function startsWith(tokens: string[], outer: string[]): boolean {
  return tokens.length > outer.length && matchesPattern(tokens.slice(0, outer.length), outer)
}
