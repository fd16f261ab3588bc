// An event as one text that does not depend on the order of its members: what copies of one event are compared by.
// Members of declared objects are put in order by the plan; what is sealed as one value by RFC 8785.

import canonicalize from 'canonicalize'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import type { PlanNode } from '../contract/contract.ts'

/** @param event valid under the plan's schema */
export function canonicalText(plan: PlanNode, event: JsonObject): string {
  return JSON.stringify(ordered(plan, event))
}

function ordered(node: PlanNode, value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return node.items ? value.map(item => ordered(node.items!, item)) : canonicalOrder(value)
  if (!node.members) return canonicalOrder(value)
  const result: JsonObject = {}
  for (const [name, member] of membersInOrder(node)) {
    const own = value[name]
    if (own !== undefined) result[name] = ordered(member, own)
  }
  return result
}

const memberOrder = new WeakMap<PlanNode, [string, PlanNode][]>()

function membersInOrder(node: PlanNode): [string, PlanNode][] {
  let members = memberOrder.get(node)
  if (!members) {
    members = [...node.members!].sort(([a], [b]) => (a < b ? -1 : 1))
    memberOrder.set(node, members)
  }
  return members
}

function canonicalOrder(value: JsonValue): JsonValue {
  return JSON.parse(canonicalize(value) as string) as JsonValue
}
