// Makes of a valid event the one that may be stored: a new object, member by member, each value treated by its rule.
// Never changes the event it is given, and never lets a value through that no rule speaks of.

import type { JsonObject, JsonValue } from '../../storage/json.ts'
import { isJsonObject } from '../../storage/json.ts'
import type { FieldRule, PlanNode } from '../contract/contract.ts'
import type { ActionContext } from './action.ts'

/** What protection knows of one event: the context of the primary subject, and of the others by name. */
export interface ProtectionContext {
  primary: ActionContext
  others: Map<string, ActionContext>
  /** Names of subjects whose fields are redacted whatever their action: they are erased or fenced off. */
  redacted: Set<string>
}

/**
 * The event as it may be stored.
 * @throws Error when the event holds a member the plan does not know: it was not validated.
 */
export function protect(plan: PlanNode, event: JsonObject, context: ProtectionContext): JsonObject {
  return protectMembers(plan, event, context)
}

/** The pointer pattern of the first field present that the policy says to reject, or undefined. */
export function findRejectedField(plan: PlanNode, value: JsonValue): string | undefined {
  if (plan.rule?.action === 'reject' && (plan.whole || !isContainer(value))) return plan.pointer
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = plan.items && findRejectedField(plan.items, item)
      if (found !== undefined) return found
    }
  } else if (isJsonObject(value)) {
    for (const name of Object.keys(value)) {
      const member = plan.members?.get(name)
      const found = member && findRejectedField(member, value[name]!)
      if (found !== undefined) return found
    }
  }
  return undefined
}

function protectValue(node: PlanNode, value: JsonValue, context: ProtectionContext): JsonValue | undefined {
  if (node.rule && (node.whole || !isContainer(value))) return applyRule(node.rule, value, context)
  if (Array.isArray(value)) return protectItems(node, value, context)
  if (isJsonObject(value)) return protectMembers(node, value, context)
  throw new Error(`no rule for a value at ${node.pointer}: the event was not validated against this contract`)
}

function protectMembers(node: PlanNode, value: JsonObject, context: ProtectionContext): JsonObject {
  const result: JsonObject = {}
  for (const name of Object.keys(value)) {
    const member = node.members?.get(name)
    if (!member) throw new Error(`undeclared member under ${node.pointer || 'the root'}: the event was not validated`)
    const stored = protectValue(member, value[name]!, context)
    if (stored !== undefined) result[name] = stored
  }
  return result
}

function protectItems(node: PlanNode, items: JsonValue[], context: ProtectionContext): JsonValue[] {
  const result: JsonValue[] = []
  for (const item of items) {
    if (!node.items) throw new Error(`no rule for items of ${node.pointer}: the event was not validated`)
    const stored = protectValue(node.items, item, context)
    if (stored !== undefined) result.push(stored)
  }
  return result
}

function applyRule(rule: FieldRule, value: JsonValue, context: ProtectionContext): JsonValue | undefined {
  if (rule.action === 'reject') throw new Error(`${rule.pointer} is to be rejected, not stored`)
  if (rule.of === undefined) return rule.action.apply(value, rule.pointer, context.primary)
  if (context.redacted.has(rule.of)) return null
  return rule.action.apply(value, rule.pointer, context.others.get(rule.of) ?? context.primary)
}

function isContainer(value: JsonValue): boolean {
  return typeof value === 'object' && value !== null
}
