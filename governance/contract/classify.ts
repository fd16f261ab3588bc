// Rules × places: decides for every place of a schema version who classified it, as what, and what is done to it.
// A place that nobody classified is confidential and gets the policy's default; no place is left without a rule.

import type { JsonSchema } from '../../storage/registry/registry.ts'
import type { ActionName } from '../protection/action.ts'
import { actions } from '../protection/actions.ts'
import type { Annotation } from './annotation.ts'
import { checkContainerRule, checkFieldRule, checkSealedRule } from './check-rule.ts'
import { annotationOf, combine, type Decision, inside } from './combine-rules.ts'
import type { Computation } from './computed-shape.ts'
import type { Coverage, FieldRule, PlanNode } from './contract.ts'
import { formatPosition, type Report } from './diagnostic.ts'
import { matchesPattern, mostSpecific } from './json-pointer.ts'
import type { FieldsRule, ReadPolicy } from './read-policy.ts'
import { allowsScalar, isDeclaredContainer, type Place } from './schema-tree.ts'

/** What one schema version brings to its classification. */
export interface Classifiable {
  root: JsonSchema
  tree: Place
  annotations: Map<JsonSchema, Annotation>
  /** Rules of the `event` section by pointer: they stand above all others. */
  eventRules: Map<string, FieldRule>
  /** Fields of the tree that the schema does not declare, by pointer. */
  computed: Map<string, Computation>
}

export interface Classified {
  plan: PlanNode
  fields: FieldRule[]
  coverage: Coverage
}

/** Which rules of `fields` matched a place, and which decided one: over all versions. */
export interface RuleUse {
  matched: Set<FieldsRule>
  decided: Set<FieldsRule>
}

export interface Classification extends Classifiable {
  read: ReadPolicy
  use: RuleUse
  report: Report
  fields: FieldRule[]
}

/** Classifies one schema version under its dataset's policy; problems are reported. */
export function classify(version: Classifiable, read: ReadPolicy, use: RuleUse, report: Report): Classified {
  const context: Classification = { ...version, read, use, report, fields: [] }
  const plan = planOf(context, version.tree, undefined)
  const { fields } = context
  const coverage = {
    declared: fields.length,
    classified: fields.filter(({ source }) => source !== 'unclassified').length,
    protected: fields.filter(({ actionName }) => actionName !== 'keep').length,
  }
  return { plan, fields, coverage }
}

function planOf(context: Classification, place: Place, inherited: Annotation | undefined): PlanNode {
  const annotation = annotationOf(context, place) ?? inherited
  const rule = winner(context, place)
  const node: PlanNode = { pointer: place.pointer, whole: false }
  if (!isDeclaredContainer(place)) {
    if (place.sealed) checkSealedRule(context, place, rule, annotation)
    return { ...node, rule: decide(context, place, rule, annotation), whole: place.sealed !== undefined }
  }
  const within = rule && rule.tokens.at(-1) !== '**' ? inside(context, place, rule) : []
  if (rule && rule.tokens.at(-1) !== '**' && !(allowsScalar(place) && within.length > 0)) {
    checkContainerRule(context, place, rule, within)
    return { ...node, rule: decide(context, place, rule, annotation, true), whole: true }
  }
  if (allowsScalar(place)) node.rule = decide(context, place, rule, annotation)
  // A null where an object or array may stand says no more than a member that is left out.
  else if (place.types.has('null')) node.rule = nullRule(place)
  if (place.members) {
    node.members = new Map([...place.members].map(([name, member]) => [name, planOf(context, member, annotation)]))
  }
  if (place.items) node.items = planOf(context, place.items, annotation)
  return node
}

/** The most specific rule of `fields` for a place. */
function winner({ read, use, report }: Classification, place: Place): FieldsRule | undefined {
  for (const rule of read.rules) if (matchesPattern(rule.tokens, place.tokens)) use.matched.add(rule)
  const [best, ...ties] = mostSpecific(read.rules, place.tokens)
  if (best) use.decided.add(best)
  for (const rule of ties) {
    use.decided.add(rule)
    if (isSameRule(rule, best!)) continue
    const message = `\`${best!.pattern}\` (${formatPosition(best!.at)}) and \`${rule.pattern}\` are equally specific for ${place.pointer}.`
    report.error(rule.at, message, `Add a rule for \`${place.pointer}\` itself.`)
  }
  return best
}

function isSameRule(a: FieldsRule, b: FieldsRule): boolean {
  const content = ({ category, level, of, action }: FieldsRule) =>
    JSON.stringify([category, level, of, action.name, action.parameters])
  return content(a) === content(b)
}

function decide(
  context: Classification,
  place: Place,
  rule: FieldsRule | undefined,
  annotation: Annotation | undefined,
  isWhole = false,
): FieldRule {
  const fixed = context.eventRules.get(place.pointer)
  const decision = combine(context, place, rule, annotation, { isFixed: fixed !== undefined, isWhole })
  const field = fixed ? { ...fixed, ...classOf(decision, fixed) } : fieldRule(context, place, decision)
  if (!fixed) checkFieldRule(context, place, decision, rule, annotation)
  context.fields.push(field)
  return field
}

/** An implicit rule keeps its action and takes over how others classify the field. */
function classOf(decision: Decision, fixed: FieldRule): Partial<FieldRule> {
  if (decision.source === 'unclassified') return {}
  const category = decision.category ?? fixed.category
  return { level: decision.level, ...(category !== undefined && { category }) }
}

function fieldRule({ read, computed }: Classification, place: Place, decision: Decision): FieldRule {
  const { category, level, source, action, of } = decision
  const primary = read.policy.event.subjects[0]?.name
  const computation = computed.get(place.pointer)
  const common = {
    pointer: place.pointer,
    ...(category !== undefined && { category }),
    level,
    ...(computation !== undefined && { computed: computation }),
    source,
  }
  if (!action) {
    const name = read.policy.unclassified ?? 'encrypt'
    if (name === 'reject') return { ...common, action: 'reject', actionName: 'reject' }
    return { ...common, action: actions[name].make(undefined), actionName: name }
  }
  // Only what is stored of another person than the primary one needs that person's name.
  const other = of !== undefined && of !== primary && action.name !== 'drop'
  return {
    ...common,
    action: action.action,
    actionName: action.name as ActionName,
    ...(action.parameters !== undefined && { parameters: action.parameters }),
    ...(other && { of }),
  }
}

function nullRule({ pointer }: Place): FieldRule {
  return { pointer, level: 'internal', action: actions.keep.make(undefined), actionName: 'keep', source: 'schema' }
}
