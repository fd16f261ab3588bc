// What changed from one schema version to the next, and what each change means for events that were valid before.
// A change it does not understand counts as a revision: never less than it is.

import type { JsonSchema } from '../../storage/registry/registry.ts'
import type { JsonType } from './allowed-values.ts'
import { listed } from './did-you-mean.ts'
import type { Place } from './schema-tree.ts'
import { isSmallerStep, type SchemaStep } from './schema-version.ts'
import { inlineSchema, isSchemaObject, type Schema } from './sub-schemas.ts'

export interface SchemaChange {
  pointer: string
  step: SchemaStep
  /** What changed and what it means for producers, in one sentence. */
  reason: string
}

interface Version {
  name: string
  root: JsonSchema
  tree: Place
}

/** All changes from one version to the next. */
export function schemaChanges(from: Version, to: Version): SchemaChange[] {
  const changes: SchemaChange[] = []
  comparePlaces(from, to, from.tree, to.tree, changes)
  return changes
}

/** The first of those changes that go furthest; undefined when there is none. */
export function greatestChange(changes: SchemaChange[]): SchemaChange | undefined {
  return changes.reduce<SchemaChange | undefined>(
    (most, change) => (!most || isSmallerStep(most.step, change.step) ? change : most),
    undefined,
  )
}

function comparePlaces(from: Version, to: Version, old: Place, now: Place, changes: SchemaChange[]): void {
  const { pointer } = now
  const add = (step: SchemaStep, reason: string) => changes.push({ pointer, step, reason })
  compareTypes(old.types, now.types, pointer || 'the event', add)
  if (old.sealed || now.sealed) {
    if (old.sealed && !now.sealed && now.types.has('object'))
      add('model', `${name(pointer)} was open and is closed now`)
    else if (!sameSchema(from, to, old.schema, now.schema)) {
      add('revision', `the schema of ${name(pointer)} changed in a way that is not understood`)
    }
    return
  }
  compareKeywords(flatten(from.root, old.schema), flatten(to.root, now.schema), pointer, add)
  compareMembers(from, to, old, now, changes)
  if (old.items && now.items) comparePlaces(from, to, old.items, now.items, changes)
  else if (old.items && now.types.has('array')) add('model', `${name(pointer)} may have no items any more`)
}

function compareTypes(old: Set<JsonType>, now: Set<JsonType>, what: string, add: Add): void {
  const covers = (types: Set<JsonType>, type: JsonType) =>
    types.has(type) || (type === 'integer' && types.has('number'))
  const removed = [...old].filter(type => !covers(now, type))
  const added = [...now].filter(type => !covers(old, type))
  if (removed.length > 0) add('model', `${name(what)} may no longer be of type ${removed.join(' or ')}`)
  if (added.length > 0) add('addition', `${name(what)} may be of type ${added.join(' or ')} too`)
}

function compareMembers(from: Version, to: Version, old: Place, now: Place, changes: SchemaChange[]): void {
  if (!old.members || !now.members) return
  for (const [key, member] of now.members) {
    const { pointer } = member
    const before = old.members.get(key)
    const required = now.required.has(key) && !old.required.has(key)
    const affected = `producers on ${from.name} that leave it out would be rejected`
    if (!before && required)
      changes.push({ pointer, step: 'model', reason: `\`${pointer}\` is new and required: ${affected}` })
    else if (!before) changes.push({ pointer, step: 'addition', reason: `\`${pointer}\` is new` })
    else if (required)
      changes.push({ pointer, step: 'revision', reason: `\`${pointer}\` became required: ${affected}` })
    if (before) comparePlaces(from, to, before, member, changes)
  }
  for (const [key, { pointer }] of old.members) {
    if (now.members.has(key)) continue
    const reason = `\`${pointer}\` was removed: producers on ${from.name} that send it would be rejected`
    changes.push({ pointer, step: 'model', reason })
  }
}

type Add = (step: SchemaStep, reason: string) => void

/** Keywords whose number may only fall, or only rise, if every earlier event is to stay valid. */
const lowerBounds = ['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties']
const upperBounds = ['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties']
/** What the tree of places shows already; of items, unless their position matters. */
const seenInTree = ['type', 'properties', 'required']
const positional = ['prefixItems', 'unevaluatedItems', 'contains']
/** Keywords that can make a schema stricter by being away, or that mean something only beside others. */
const interplay = [
  ...positional,
  ...['items', 'minContains', 'maxContains', 'if', 'then', 'else'],
  ...['additionalProperties', 'unevaluatedProperties', 'patternProperties'],
]
const loosening = ['maxContains', 'then', 'else', 'additionalProperties', 'unevaluatedProperties', 'contains']

function compareKeywords(old: JsonSchema, now: JsonSchema, pointer: string, add: Add): void {
  const keywords = new Set([...Object.keys(old), ...Object.keys(now)])
  const seen = positional.some(keyword => keywords.has(keyword)) ? seenInTree : [...seenInTree, 'items']
  for (const keyword of keywords) {
    const [a, b] = [old[keyword], now[keyword]]
    if (seen.includes(keyword) || canonical(a) === canonical(b)) continue
    const [step, how] = compareKeyword(keyword, a, b)
    const affected = step === 'addition' ? '' : ': some events that were valid would be rejected'
    add(step, `\`${keyword}\` of ${name(pointer)} ${how}${affected}`)
  }
}

function compareKeyword(keyword: string, old: unknown, now: unknown): [SchemaStep, string] {
  const bound = lowerBounds.includes(keyword) ? 1 : upperBounds.includes(keyword) ? -1 : 0
  if (now === undefined) {
    const looser = !interplay.includes(keyword) || loosening.includes(keyword)
    return looser ? ['addition', 'was taken away'] : ['revision', 'was taken away, which is not understood']
  }
  if (keyword === 'uniqueItems' && now === false) return ['addition', 'was taken away']
  if (bound !== 0) {
    if (old === undefined) return ['revision', `is new (${now})`]
    const tighter = ((now as number) - (old as number)) * bound > 0
    return [tighter ? 'revision' : 'addition', `went from ${old} to ${now}`]
  }
  if (keyword === 'enum' && Array.isArray(old)) {
    const values = new Set((now as unknown[]).map(canonical))
    const lost = old.filter(value => !values.has(canonical(value)))
    return lost.length > 0 ? ['revision', `lost ${listed(lost)}`] : ['addition', 'allows more values']
  }
  if (keyword === 'multipleOf' && typeof old === 'number' && Number.isInteger(old / (now as number))) {
    return ['addition', `went from ${old} to ${now}`]
  }
  if (keyword === 'anyOf' && Array.isArray(old)) {
    const branches = new Set((now as unknown[]).map(canonical))
    if (old.every(branch => branches.has(canonical(branch)))) return ['addition', 'has more alternatives']
  }
  if (old === undefined) return ['revision', 'is new']
  return ['revision', 'changed in a way that is not understood']
}

/**
 * A schema's own keywords, with references followed, and `allOf` taken apart where no keyword stands twice. What is
 * left of combinations stays as it is, without annotations.
 */
function flatten(root: JsonSchema, schema: Schema): JsonSchema {
  const inlined = inlineSchema(root, schema)
  if (!isSchemaObject(inlined)) return inlined ? {} : { not: {} }
  const { allOf, ...flat } = inlined
  const left: unknown[] = []
  for (const part of (allOf as Schema[] | undefined) ?? []) {
    const inner = flatten(root, part)
    const stays = Object.keys(inner).some(
      keyword =>
        interplay.includes(keyword) || (keyword in flat && canonical(flat[keyword]) !== canonical(inner[keyword])),
    )
    if (stays) left.push(inner)
    else Object.assign(flat, inner)
  }
  return left.length > 0 ? { ...flat, allOf: left } : flat
}

function sameSchema(from: Version, to: Version, old: Schema, now: Schema): boolean {
  return canonical(inlineSchema(from.root, old)) === canonical(inlineSchema(to.root, now))
}

/** JSON with members in order, so that equal schemas are equal texts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    isSchemaObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )
}

function name(pointer: string): string {
  return pointer.startsWith('/') ? `\`${pointer}\`` : pointer || 'the event'
}
