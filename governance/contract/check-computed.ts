// A policy's computed fields against its schema versions: what they read must be declared, and what is computed may tell
// nothing that is protected where it was read. Such a field stands in the tree of places like one of the schema's own.

import { levels } from '../classification/taxonomy.ts'
import { compareActions, describeAction, storesNothing } from './compare-actions.ts'
import type { Computation } from './computed-shape.ts'
import type { FieldRule, PlanNode } from './contract.ts'
import type { Report } from './diagnostic.ts'
import { didYouMean } from './did-you-mean.ts'
import { mostSpecific, parsePointer } from './json-pointer.ts'
import type { ComputedField } from './read-computed.ts'
import type { ReadPolicy } from './read-policy.ts'
import type { ReadSchema } from './read-schemas.ts'
import { findPlace, type Place, placesIn } from './schema-tree.ts'

type Versions = Pick<ReadSchema, 'version' | 'tree'>[]

/** What is wrong, and how to mend it. */
type Complaint = [message: string, fix: string]

/** Reports names that the schema has, and sources that cannot be read. */
export function checkSources({ computed, source }: ReadPolicy, versions: Versions, report: Report): void {
  for (const { name, pointer, path, sources, computation } of computed) {
    const declaring = versions.find(({ tree }) => tree.members?.has(name))
    if (declaring) {
      const message = `schema version ${declaring.version} declares ${pointer}: producers send it.`
      report.error(source.at(path, 'key'), message, 'Choose another name.')
    }
    for (const each of sources) {
      const complaint = complainOfSource(each, computation, computed, versions)
      if (complaint) report.error(source.at(each.path), ...complaint)
    }
  }
}

function complainOfSource(
  { pointer, tokens }: ComputedField['sources'][number],
  computation: Computation,
  computed: ComputedField[],
  versions: Versions,
): Complaint | undefined {
  if (computed.some(({ name }) => name === tokens[0]))
    return [`${pointer} is computed itself.`, 'Name the declared fields that it is made of.']
  for (const { version, tree } of versions) {
    const around = undeclaredInside(tree, tokens)
    if (around?.items)
      return [
        `${pointer} lies below the array ${around.pointer} in schema version ${version}: an event may hold several.`,
        'Choose another field.',
      ]
    if (around)
      return [
        `${pointer} lies inside ${around.pointer}, where schema version ${version} lets anything stand.`,
        'Choose another field.',
      ]
    const place = findPlace(tree, tokens)
    if (!place || place.types.isSubsetOf(new Set(['string', 'null']))) continue
    return [
      `\`${isYears(computation) ? 'years' : 'join'}\` reads texts, and ${pointer} may be of type ${[...place.types].join(' or ')} in schema version ${version}.`,
      'Choose a field whose type in the schema is `string`.',
    ]
  }
  if (versions.some(({ tree }) => findPlace(tree, tokens))) return undefined
  const known = versions.flatMap(({ tree }) => [...placesIn(tree)].map(place => place.pointer))
  return [`no schema version declares ${pointer}.`, `${didYouMean(pointer, known)}Name a field the schema declares.`]
}

/** The array, or the place of undeclared names, that tokens lead into. */
function undeclaredInside(tree: Place, tokens: string[]): Place | undefined {
  let place: Place = tree
  for (const token of tokens) {
    if (place.sealed || (place.items && !place.members?.has(token))) return place
    const next = place.members?.get(token)
    if (!next) return undefined
    place = next
  }
  return undefined
}

/** The computed fields of one version: those of which it declares a source. */
export function computedIn({ computed }: ReadPolicy, { tree }: Pick<ReadSchema, 'tree'>, versions: Versions) {
  const isDeclared = (tree: Place, { sources }: ComputedField) => sources.some(({ tokens }) => findPlace(tree, tokens))
  return computed.filter(
    field =>
      field.sources.length === 0 ||
      isDeclared(tree, field) ||
      // Said already; more need not be said of its rules.
      !versions.some(version => isDeclared(version.tree, field)),
  )
}

/** The tree of a version's raw events with computed members added. */
export function withComputed(tree: Place, computed: ComputedField[]): Place {
  if (computed.length === 0) return tree
  const places = computed.map(({ name, pointer, computation }): [string, Place] => {
    const schema = schemaOf(computation)
    const types = new Set([schema.type])
    return [name, { pointer, tokens: [name], schema, written: [schema], types, required: new Set() }]
  })
  return { ...tree, members: new Map([...tree.members!, ...places]) }
}

function schemaOf(computation: Computation) {
  if (computation === 'received') return { type: 'string' as const, format: 'date-time', maxLength: 24 }
  return 'join' in computation
    ? { type: 'string' as const, minLength: 1 }
    : { type: 'integer' as const, minimum: 0, maximum: 9_999 }
}

/** Reports fields that would be rejected, are computed for nothing, or tell what their sources do not. */
export function checkComputed(read: ReadPolicy, computed: ComputedField[], plan: PlanNode, report: Report): void {
  for (const { name, pointer, path, sources, computation } of computed) {
    const rule = plan.members!.get(name)!.rule!
    const at = mostSpecific(read.rules, [name])[0]?.at ?? read.source.at(path, 'key')
    if (rule.action === 'reject') {
      const message = `${pointer} is computed, and nobody has classified it: no event could be sent without it.`
      report.error(read.source.at(path, 'key'), message, `Add a rule for ${pointer}.`)
      continue
    }
    if (storesNothing(written(rule))) {
      const message = `${pointer} is computed, and nothing of it is stored (${rule.actionName}).`
      report.warning(at, message, 'Choose another action, or compute it no more.')
      continue
    }
    const complaints = sources.map(source => {
      const from = ruleAt(plan, source.tokens)
      return from && complainOfLeak(read, rule, computation, from, source.pointer)
    })
    const complaint = complaints.find(each => each)
    if (complaint) report.error(at, ...complaint)
  }
}

/** The rule of what stands at a place, or of what it is stored as a part of. */
function ruleAt(plan: PlanNode, tokens: string[]): FieldRule | undefined {
  let node: PlanNode | undefined = plan
  for (const token of tokens) {
    if (!node || node.whole) break
    node = node.members?.get(token)
  }
  return node?.rule
}

function complainOfLeak(
  read: ReadPolicy,
  rule: FieldRule,
  computation: Computation,
  from: FieldRule,
  source: string,
): Complaint | undefined {
  const { pointer, level } = rule
  if (levels.indexOf(level) < levels.indexOf(from.level))
    return [`${pointer} is ${level}, and made of ${source}, which is ${from.level}.`, `Write \`level: ${from.level}\`.`]
  const [own, other] = [personOf(read, rule), personOf(read, from)]
  if (own !== other)
    return [
      `${pointer} is about the ${own}, and made of ${source}, which is about the ${other}.`,
      `Make it of one person’s fields, and write \`of: ${other}\`.`,
    ]
  if (!tellsMore(rule, computation, from)) return undefined
  const [to, than] = [describeAction(written(rule)), describeAction(written(from))]
  const fix = isYears(computation)
    ? 'Write `action: { generalise: { band: 10 } }`.'
    : storesNothing(written(from))
      ? `Leave ${source} out of it.`
      : 'Write `action: encrypt`.'
  return [`${pointer} is stored by ${to}, which would tell more of ${source} than ${than} does.`, fix]
}

/** Years in a band tell less than any date; a part of a joined text may be all of one of its texts. */
function tellsMore(rule: FieldRule, computation: Computation, from: FieldRule): boolean {
  if (from.actionName === 'keep') return false
  const isBand = (rule.parameters as { band?: number } | undefined)?.band !== undefined
  if (isYears(computation) && isBand) return false
  if (rule.actionName === 'mask' || rule.actionName === 'generalise') return true
  return compareActions(written(from), written(rule)) === 'weaker'
}

/** Whose data a field is: a rule that drops it says so too. */
function personOf({ rules, policy }: ReadPolicy, { of, pointer, actionName }: FieldRule): string | undefined {
  const said = actionName === 'drop' ? mostSpecific(rules, parsePointer(pointer)!)[0]?.of : of
  return said ?? policy.event.subjects[0]?.name
}

const isYears = (computation: Computation) => typeof computation === 'object' && 'years' in computation

const written = ({ actionName, parameters }: FieldRule) => ({ name: actionName, parameters })
