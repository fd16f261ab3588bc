// The schema of a stored event: what the raw schema becomes when the plan has been applied. Every protected event is
// valid against it; readers of the log and of the archive rely on that.

import type { JsonObject } from '../../storage/json.ts'
import type { JsonSchema } from '../../storage/registry/registry.ts'
import { DRAFT_2020_12 } from './compile-schema.ts'
import type { FieldRule, PlanNode } from './contract.ts'
import type { Place } from './schema-tree.ts'
import { inlineSchema } from './sub-schemas.ts'

export interface Origin {
  dataset: string
  /** Version of the raw schema. */
  schema: string
  schemaSha256: string
  policySha256: string
}

/** Draft 2020-12, closed, with members in the raw schema's order. */
export function derivedSchema(root: JsonSchema, tree: Place, plan: PlanNode, origin: Origin): JsonSchema {
  return {
    $schema: DRAFT_2020_12,
    title: (root.title as string | undefined) ?? origin.dataset,
    'x-ecluse': { ...origin },
    ...derivedObject(root, tree, plan),
  }
}

/** Undefined when nothing is ever stored at this place. */
function derive(root: JsonSchema, place: Place, node: PlanNode): JsonObject | undefined {
  const isScalar = !node.members && !place.members && !place.items && !place.types.has('array')
  if (node.rule && (node.whole || isScalar)) {
    return applied(node.rule, inlineSchema(root, place.schema) as JsonObject | true)
  }
  const scalars = [...place.types].filter(type => type !== 'object' && type !== 'array')
  const alternatives = [
    node.rule && applied(node.rule, { type: scalars }),
    place.members && derivedObject(root, place, node),
    place.types.has('array') ? derivedArray(root, place, node) : undefined,
  ].filter(schema => schema !== undefined)
  return alternatives.length < 2 ? alternatives[0] : { anyOf: alternatives }
}

function applied(rule: FieldRule, raw: JsonObject | true): JsonObject | undefined {
  if (rule.action === 'reject') return undefined
  const derived = rule.action.derive(raw === true ? {} : raw)
  // Fields of another person than the primary one are redacted once that person is erased.
  return derived && rule.of !== undefined ? { anyOf: [derived, { type: 'null' }] } : derived
}

function derivedObject(root: JsonSchema, place: Place, node: PlanNode): JsonObject {
  const properties: JsonObject = {}
  const required: string[] = []
  for (const [name, member] of place.members!) {
    const memberNode = node.members!.get(name)!
    const derived = derive(root, member, memberNode)
    if (derived === undefined) continue
    properties[name] = derived
    if (place.required.has(name) && !mayDrop(memberNode)) required.push(name)
  }
  return { type: 'object', properties, ...(required.length > 0 && { required }), additionalProperties: false }
}

function derivedArray(root: JsonSchema, place: Place, node: PlanNode): JsonObject {
  const items = place.items && node.items ? derive(root, place.items, node.items) : undefined
  return { type: 'array', items: items ?? false }
}

function mayDrop({ rule }: PlanNode): boolean {
  return rule !== undefined && rule.action !== 'reject' && rule.action.derive({}) === undefined
}
