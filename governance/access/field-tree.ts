// The fields of a stored contract as a tree, and the one walk over an event along it: showing, opening, exporting and
// protecting anew differ only in what they make of each value.

import type { JsonObject, JsonValue } from '../../storage/json.ts'
import { isJsonObject } from '../../storage/json.ts'
import type { StoredField } from '../../storage/stored-shapes.ts'
import { parsePointer } from '../contract/json-pointer.ts'

/** A place of events; `*` stands below an array for all its items. */
export interface FieldNode {
  /** What was decided of the values here; undefined where only objects and arrays stand. */
  field?: StoredField
  below: Map<string, FieldNode>
}

/** What is made of the values of an event. */
export interface Treatment {
  /**
   * The value to put in place of a field's; undefined leaves a member out, and makes an item of an array null, so that
   * the others keep their places. `field` is undefined for a value that the contract does not know.
   */
  value(value: JsonValue, field: StoredField | undefined): JsonValue | undefined
  /** Whether to go into an object or array, or take over a null in place of one; where not, it is left out. */
  enters?(node: FieldNode): boolean
}

/** @param fields of one stored contract */
export function fieldTree(fields: StoredField[]): FieldNode {
  const root: FieldNode = { below: new Map() }
  for (const field of fields) {
    let node = root
    for (const token of parsePointer(field.pointer) ?? []) {
      let next = node.below.get(token)
      if (!next) {
        next = { below: new Map() }
        node.below.set(token, next)
      }
      node = next
    }
    node.field = field
  }
  return root
}

/** A new event, made value by value. */
export function treatEvent(tree: FieldNode, event: JsonObject, treatment: Treatment): JsonObject {
  return treatMembers(tree, event, treatment)
}

/** A token of a named domain, with the value sealed beside it. */
export function isDomainToken(value: JsonValue): value is { tokens: JsonValue[]; sealed: string } {
  return isJsonObject(value) && Array.isArray(value.tokens) && typeof value.sealed === 'string'
}

function treatValue(node: FieldNode | undefined, value: JsonValue, treatment: Treatment): JsonValue | undefined {
  if (!node) return treatment.value(value, undefined)
  if (node.field && isOneValue(node.field, node, value)) return treatment.value(value, node.field)
  if (typeof value === 'object' && treatment.enters?.(node) === false) return undefined
  if (value === null) return null
  if (Array.isArray(value)) return value.map(item => treatValue(node.below.get('*'), item, treatment) ?? null)
  if (isJsonObject(value)) return treatMembers(node, value, treatment)
  return treatment.value(value, undefined)
}

function treatMembers(node: FieldNode, value: JsonObject, treatment: Treatment): JsonObject {
  const result: JsonObject = {}
  for (const name of Object.keys(value)) {
    const treated = treatValue(node.below.get(name), value[name]!, treatment)
    if (treated !== undefined) result[name] = treated
  }
  return result
}

function isOneValue(field: StoredField, { below }: FieldNode, value: JsonValue): boolean {
  const isContainer = typeof value === 'object' && value !== null
  return field.whole || !isContainer || below.size === 0 || (field.domain !== undefined && isDomainToken(value))
}
