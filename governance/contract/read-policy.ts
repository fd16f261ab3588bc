// Reads one policy file: its shape, its actions, and everything that can be judged without the schema.

import { MAX_TTL_SECONDS } from '../../storage/tables/tables.ts'
import type { Level } from '../classification/taxonomy.ts'
import { isReadByName } from './aggregate-shape.ts'
import { checkShape } from './check-shape.ts'
import { isComputation } from './computed-shape.ts'
import type { Position, Report } from './diagnostic.ts'
import { didYouMean, listed } from './did-you-mean.ts'
import { isTimeZone, readInstant } from './instant.ts'
import { parsePointer } from './json-pointer.ts'
import { type Policy, policySchema } from './policy.ts'
import { durationMs } from './policy-parts.ts'
import { type ReadAction, readAction } from './read-action.ts'
import { type ReadAggregate, readAggregates } from './read-aggregates.ts'
import { type ComputedField, readComputed } from './read-computed.ts'
import { type ReadQuality, readQuality } from './read-quality.ts'
import type { SourceFile } from './source-file.ts'
import { isOwnRegistrySubject } from './topic-of.ts'

const DAY_SECONDS = 86_400

/** One line of the policy's `fields`. */
export interface FieldsRule {
  pattern: string
  tokens: string[]
  category?: string
  level: Level
  action: ReadAction
  of?: string
  at: Position
}

export interface ReadPolicy {
  policy: Policy
  rules: FieldsRule[]
  computed: ComputedField[]
  aggregates: ReadAggregate[]
  quality: ReadQuality
  source: SourceFile
}

/** The policy in a file, or undefined when it cannot be worked with; every problem is reported. */
export function readPolicy(source: SourceFile, dataset: string, nowMs: number, report: Report): ReadPolicy | undefined {
  const value = source.value as { [key: string]: unknown } | null | undefined
  if (value === undefined) return undefined
  const isElsewhere = (tokens: readonly string[]) =>
    (tokens[0] === 'fields' && tokens[2] === 'action') || isReadByName(tokens) || isComputation(tokens)
  const shaped = checkShape(policySchema, source, [], value, report, isElsewhere)
  const rules = readRules(source, value, report)
  const computed = readComputed(source, value?.computed, report)
  if (!shaped) return undefined
  const policy = value as unknown as Policy
  if (policy.dataset !== dataset) {
    const fix = `Write \`dataset: ${dataset}\`, or rename the file.`
    report.error(source.at(['dataset']), `the file is called ${dataset}.yaml, the dataset \`${policy.dataset}\`.`, fix)
  }
  if (policy.schema && isOwnRegistrySubject(policy.schema.registry)) {
    const message = `\`${policy.schema.registry}\` holds the schemas of what Écluse stores, not of what producers send.`
    report.error(source.at(['schema', 'registry']), message, 'Name the registry subject of the raw schema.')
  }
  checkReview(source, policy, nowMs, report)
  if (durationMs(policy.retention.log) > durationMs(policy.retention.events)) {
    const fix = `Write \`log: ${policy.retention.events}\` or less, or keep events for longer.`
    report.error(source.at(['retention', 'log']), 'the log would outlive the archive.', fix)
  }
  if (durationMs(policy.retention.events) > MAX_TTL_SECONDS * 1_000) {
    const fix = `Write \`events: ${MAX_TTL_SECONDS / DAY_SECONDS}d\` or less: 20 years are the most.`
    report.error(source.at(['retention', 'events']), 'the tables cannot hold events for so long.', fix)
  }
  checkZone(source, policy, report)
  checkSubjects(source, policy, rules, report)
  const aggregates = readAggregates(source, policy, report)
  return { policy, rules, computed, aggregates, quality: readQuality(source, policy, report), source }
}

function readRules(source: SourceFile, value: { [key: string]: unknown } | null, report: Report): FieldsRule[] {
  if (typeof value?.fields !== 'object' || value.fields === null || Array.isArray(value.fields)) return []
  return Object.entries(value.fields).flatMap(([pattern, written]) => {
    const at = source.at(['fields', pattern], 'key')
    const tokens = parsePointer(pattern)
    if (!tokens || tokens.length === 0) {
      report.error(at, `\`${pattern}\` is no JSON Pointer.`, `Write it with a slash before each name: /${pattern}.`)
      return []
    }
    const rule = written as FieldsRule
    if (typeof rule !== 'object' || rule === null || rule.action === undefined) return []
    const action = readAction(source, ['fields', pattern, 'action'], rule.action, report)
    return action ? [{ ...rule, pattern, tokens, action, at }] : []
  })
}

function checkReview(source: SourceFile, { review }: Policy, nowMs: number, report: Report): void {
  if (!review) {
    report.warning(
      source.at(),
      'nobody has said when this policy is reviewed.',
      'Add `review: { every: 180d, last: <date> }`.',
    )
    return
  }
  const last = readInstant(review.last, 'UTC')
  if (typeof last !== 'object') {
    report.error(
      source.at(['review', 'last']),
      'there is no such day.',
      'Write the day of the last review, such as 2026-11-01.',
    )
  } else if (last.epochMs + durationMs(review.every) < nowMs) {
    report.warning(
      source.at(['review', 'last']),
      'the review of this policy is overdue.',
      'Review it, then write the new date.',
    )
  }
}

function checkZone(source: SourceFile, { event }: Policy, report: Report): void {
  const zone = event.time?.zone
  if (zone === undefined || isTimeZone(zone)) return
  const fix = `${didYouMean(zone, Intl.supportedValuesOf('timeZone'))}Write an IANA time zone such as Europe/Paris.`
  report.error(source.at(['event', 'time', 'zone']), `\`${zone}\` is no time zone.`, fix)
}

function checkSubjects(source: SourceFile, { event, unclassified }: Policy, rules: FieldsRule[], report: Report): void {
  const names = event.subjects.map(({ name }) => name)
  for (const [i, name] of names.entries()) {
    if (names.indexOf(name) === i) continue
    const at = source.at(['event', 'subjects', i, 'name'])
    report.error(at, `two subjects are called \`${name}\`.`, 'Give each its own name.')
  }
  for (const { of, pattern } of rules) {
    if (of === undefined || names.includes(of)) continue
    const fix =
      names.length > 0 ? `${didYouMean(of, names)}Subjects are ${listed(names)}.` : 'Declare it under event.subjects.'
    report.error(source.at(['fields', pattern, 'of']), `\`${of}\` is no subject of this dataset.`, fix)
  }
  if (names.length > 0) return
  for (const { action, at } of rules) {
    if (!action.needsPerson) continue
    const fix = 'Choose keep, mask, generalise, redact or drop, or declare a subject.'
    report.error(at, `\`${action.name}\` needs a person's key, and the dataset has no subjects.`, fix)
  }
  if (unclassified === undefined || unclassified === 'encrypt') {
    const at = source.at(unclassified === undefined ? ['event', 'subjects'] : ['unclassified'])
    const message = 'without subjects there is no key to encrypt unclassified fields with.'
    report.error(at, message, 'Write `unclassified: reject` or `unclassified: drop`.')
  }
  if (typeof event.id === 'object') {
    const fix = 'Declare a subject, or use an id that is not personal.'
    report.error(
      source.at(['event', 'id']),
      'a personal event id needs a person, and the dataset has no subjects.',
      fix,
    )
  }
}
