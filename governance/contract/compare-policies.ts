// What an edit of a dataset's policy or schemas does to protection: from one contract to the next, field by field. What
// cannot be judged counts as weaker, so that somebody looks at it.

import { isDeepStrictEqual } from 'node:util'
import { levels } from '../classification/taxonomy.ts'
import { compareActions, describeAction, type Effect, seals, storesNothing } from './compare-actions.ts'
import { aggregatesOf, compareAggregates } from './compare-aggregates.ts'
import { compareStatements } from './compare-statements.ts'
import type { Contract, ContractVersion, FieldRule } from './contract.ts'
import type { ReferenceTable } from './reference-table.ts'
import { compareSchemaVersions } from './schema-version.ts'
import { type RuledField, ruledFields } from './stored-contract.ts'

export interface PolicyChange {
  /** `neutral`: protects neither more nor less. */
  effect: Exclude<Effect, 'same'> | 'neutral'
  /** Of a field: its schema version and pointer. */
  schema?: string
  pointer?: string
  /** Of a field: the aggregates that read it, where there are any. */
  aggregates?: string[]
  /** One sentence, without its dot. Holds what a policy says, never a value of an event. */
  what: string
}

export interface PolicyComparison {
  /** `weaker` if any change is, else `stricter` if any is. */
  verdict: Effect
  changes: PolicyChange[]
}

export type Comparable = Pick<
  Contract,
  'policy' | 'aggregates' | 'subjects' | 'eventId' | 'eventTime' | 'ceSource' | 'ceType' | 'retentionMs'
> & {
  versions: ReadonlyMap<string, Pick<ContractVersion, 'plan' | 'fields'>>
  references: ReadonlyMap<string, Pick<ReferenceTable, 'name' | 'sha256'>>
}

export function comparePolicies(before: Comparable, after: Comparable): PolicyComparison {
  const fields = compareVersions(before, after).map(change => {
    const aggregates = change.pointer === undefined ? [] : aggregatesOf(change.pointer, before, after)
    return aggregates.length > 0 ? { ...change, aggregates } : change
  })
  const changes = [...compareStatements(before, after), ...fields, ...compareAggregates(before, after)]
  return { verdict: verdictOf(changes), changes }
}

export function verdictOf(changes: Pick<PolicyChange, 'effect'>[]): Effect {
  const has = (effect: Effect) => changes.some(change => change.effect === effect)
  return has('weaker') ? 'weaker' : has('stricter') ? 'stricter' : 'same'
}

/** A field's rule, with the person whose key protects it: a subject's place in the event. */
interface Treatment extends RuledField {
  of: string | undefined
}

type Treatments = Map<string, Treatment>

function compareVersions(before: Comparable, after: Comparable): PolicyChange[] {
  const changes: PolicyChange[] = []
  for (const version of before.versions.keys())
    if (!after.versions.has(version))
      changes.push({
        effect: 'weaker',
        schema: version,
        what: 'the schema version is gone: stored events refer to it, and new ones are treated by another one',
      })
  const known = knownTreatments(before)
  for (const version of after.versions.keys()) {
    const own = before.versions.has(version) ? treatmentsOf(before, version) : known
    for (const change of compareFields(own, treatmentsOf(after, version))) changes.push({ schema: version, ...change })
  }
  return changes
}

/** How each field of any version was treated; of several versions, the newest. */
function knownTreatments(contract: Comparable): Treatments {
  const oldestFirst = [...contract.versions.keys()].sort(compareSchemaVersions)
  return new Map(oldestFirst.flatMap(version => [...treatmentsOf(contract, version)]))
}

function treatmentsOf({ versions, subjects }: Comparable, version: string): Treatments {
  const personOf = ({ of }: FieldRule) => (subjects.find(({ name }) => name === of) ?? subjects[0])?.pointer
  return new Map(
    ruledFields(versions.get(version)!).map(field => [field.rule.pointer, { ...field, of: personOf(field.rule) }]),
  )
}

function* compareFields(before: Treatments, after: Treatments): Generator<PolicyChange> {
  for (const [pointer, now] of after) {
    const old = before.get(pointer) ?? wholeAround(before, pointer)
    // What was told apart is treated as one value now: compared with each of its parts.
    const parts = now.whole ? [...before].filter(([inner]) => inner.startsWith(`${pointer}/`)) : []
    for (const [inner, part] of parts) yield* compareTreatments(inner, part, now)
    if (old) yield* compareTreatments(pointer, old, now)
    else if (parts.length === 0) yield* judgeNew(pointer, now)
  }
  for (const [pointer, { rule }] of before)
    if (rule.computed && !after.has(pointer)) yield { pointer, effect: 'neutral', what: 'it is computed no more' }
}

/** The field that this one was a part of, while it was treated as one value. */
function wholeAround(treatments: Treatments, pointer: string): Treatment | undefined {
  for (let end = pointer.lastIndexOf('/'); end > 0; end = pointer.lastIndexOf('/', end - 1)) {
    const around = treatments.get(pointer.slice(0, end))
    if (around) return around.whole ? around : undefined
  }
  return undefined
}

function* compareTreatments(pointer: string, old: Treatment, now: Treatment): Generator<PolicyChange> {
  const [from, to] = [written(old.rule), written(now.rule)]
  const action = compareActions(from, to)
  if (action !== 'same')
    yield { pointer, effect: action, what: `${describeAction(from)} becomes ${describeAction(to)}` }
  const level = levels.indexOf(now.rule.level) - levels.indexOf(old.rule.level)
  if (level !== 0)
    yield {
      pointer,
      effect: level < 0 ? 'weaker' : 'stricter',
      what: `level ${old.rule.level} becomes ${now.rule.level}`,
    }
  if (old.of !== now.of && !storesNothing(from) && !storesNothing(to))
    yield { pointer, effect: 'weaker', what: 'it is about another person than before' }
  if (!isDeepStrictEqual(old.rule.computed, now.rule.computed))
    yield { pointer, effect: isOpen(now) ? 'weaker' : 'neutral', what: 'it is computed otherwise' }
  const [was, is] = [old.rule.category ?? 'none', now.rule.category ?? 'none']
  if (was !== is) yield { pointer, effect: 'neutral', what: `category ${was} becomes ${is}` }
}

/** A field that no version had: the gateway rejected events that held it, and nothing of it was stored. */
function* judgeNew(pointer: string, now: Treatment): Generator<PolicyChange> {
  const what = `it is new${now.rule.computed ? ', and computed' : ''}: ${describeAction(written(now.rule))}, level ${now.rule.level}`
  yield { pointer, effect: isOpen(now) ? 'weaker' : 'neutral', what }
}

/** Whether more than few may read what is stored of it. */
function isOpen({ rule }: Treatment): boolean {
  const action = written(rule)
  const isBelow = levels.indexOf(rule.level) < levels.indexOf('confidential')
  return !seals(action) || (isBelow && !storesNothing(action))
}

const written = ({ actionName, parameters }: FieldRule) => ({ name: actionName, parameters })
