// Which values of sample events are personal, and so must be found nowhere, by the plan of the contract that takes them.

import type { Contract, ContractVersion, PlanNode } from '../governance/contract/contract.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../storage/json.ts'

const SHORTEST_VALUE_BYTES = 6

export interface PersonalValues {
  /** To be found nowhere. */
  values: string[]
  /** Too short to tell, or part of what a keep or generalise rule stores, of the policy or of the schema. */
  leftOut: number
}

/** @param samples events that are valid, with the contract of each */
export function personalValues(samples: { contract: Contract; events: JsonObject[] }[]): PersonalValues {
  const personal = new Set<string>()
  const declared = new Set<string>()
  for (const { contract, events } of samples) {
    const version = contract.versions.get(contract.newest)!
    // Some passwords of the samples are plain words that stand in a policy or a schema.
    declared.add(contract.policyText).add(version.schemaText)
    for (const event of events) collectValues(version, event, personal, declared)
  }
  const values = [...personal].filter(value => !isException(value, declared))
  return { values, leftOut: personal.size - values.length }
}

/** Invalid in three ways, personal values and all. */
export function spoil(event: JsonObject, index: number): JsonObject {
  if (index % 3 === 0) return { ...event, inconnu: event }
  if (index % 3 === 1) return { event }
  const [first] = Object.keys(event)
  return { ...event, [first!]: { value: event[first!]! } }
}

/** Sorts an event's texts into those that must be found nowhere and those a rule declares to be stored. */
function collectValues(
  version: ContractVersion,
  event: JsonObject,
  personal: Set<string>,
  declared: Set<string>,
): void {
  const visit = (node: PlanNode, value: JsonValue): void => {
    const rule = node.rule
    if (rule && (node.whole || typeof value !== 'object' || value === null)) {
      if (rule.action === 'reject') return
      if (rule.actionName === 'keep') return void declared.add(textOf(value))
      if (rule.actionName === 'generalise') {
        const stored = rule.action.apply(value, rule.pointer, undefined as never)
        if (stored !== undefined) declared.add(textOf(stored))
      }
      for (const text of leaves(value)) personal.add(text)
    } else if (Array.isArray(value)) for (const item of value) visit(node.items!, item)
    else if (isJsonObject(value))
      for (const [name, member] of Object.entries(value)) visit(node.members!.get(name)!, member)
  }
  visit(version.plan, event)
}

function leaves(value: JsonValue): string[] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(leaves)
  return value === null || typeof value === 'boolean' ? [] : [String(value)]
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Too short to tell, or part of a text that stands in the clear by declaration. */
function isException(value: string, declared: Set<string>): boolean {
  if (Buffer.byteLength(value) < SHORTEST_VALUE_BYTES) return true
  for (const text of declared) if (text.includes(value)) return true
  return false
}
