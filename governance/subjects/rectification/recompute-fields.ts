// What a policy computes of values that are corrected, computed anew: from the corrected values and, of the others, from
// what is stored of them and can be read.

import type { JsonObject, JsonValue } from '../../../storage/json.ts'
import { isJsonObject } from '../../../storage/json.ts'
import type { StoredEvent, StoredField } from '../../../storage/stored-shapes.ts'
import type { Opener } from '../../access/open-event.ts'
import type { Moments } from '../../contract/compute.ts'
import type { Computation } from '../../contract/computed-shape.ts'
import type { Contract, ContractVersion, FieldRule } from '../../contract/contract.ts'
import { readPointer } from '../../contract/event-parts.ts'
import { parsePointer } from '../../contract/json-pointer.ts'
import { RequestFailed } from '../find-asked.ts'
import type { CheckedChange } from './check-changes.ts'

/** The computed fields that a correction changes: those made of a changed value, or of the event's time. */
export function affectedFields(
  { fields }: Pick<ContractVersion, 'fields'>,
  eventTime: Contract['eventTime'],
  changes: Pick<CheckedChange, 'pattern'>[],
): FieldRule[] {
  const isChanged = (pointer: string | undefined) =>
    pointer !== undefined && changes.some(({ pattern }) => isWithin(pointer, pattern))
  return fields.filter(({ computed }) => {
    if (computed === undefined || computed === 'received') return false
    return sourcesOf(computed).some(isChanged) || ('years' in computed && isChanged(eventTime?.pointer))
  })
}

export interface Known {
  stored: Pick<StoredEvent, 'event'>
  /** Of the contract it was stored under. */
  fields: StoredField[]
  open: Opener['open']
  changes: CheckedChange[]
}

/**
 * The values of these fields by pointer, before protection; of what is not there, none.
 * @throws RequestFailed where what is stored of a source is not its value
 */
export function recomputeFields(
  { compute }: Pick<ContractVersion, 'compute'>,
  affected: FieldRule[],
  known: Known,
  moments: Moments,
): Map<string, JsonValue> {
  const raw: JsonObject = {}
  for (const { pointer, computed } of affected)
    for (const source of sourcesOf(computed!)) {
      const value = sourceValue(known, source)
      if (value === unreadable)
        throw new RequestFailed(
          `${pointer} is computed from ${source}, of which the value itself is not stored: name it in \`changes\` too, ` +
            'with the value it should have',
        )
      if (value !== undefined) setMember(raw, parsePointer(source)!, value)
    }
  const made = compute(raw, moments)
  return new Map(
    affected.flatMap(({ pointer }) => {
      const value = readPointer(pointer)(made)
      return value === undefined ? [] : [[pointer, value]]
    }),
  )
}

const unreadable = Symbol('unreadable')

function sourceValue(
  { stored, fields, open, changes }: Known,
  source: string,
): JsonValue | undefined | typeof unreadable {
  const change = changes.find(({ pattern }) => isWithin(source, pattern))
  if (change) return readPointer(source)(change.raw)
  const field = fields.find(({ pointer, whole }) => pointer === source || (whole && isWithin(source, pointer)))
  if (!field || field.action === 'keep') return readPointer(source)(stored.event)
  if (field.action === 'drop' || field.action === 'redact') return unreadable
  const value = readPointer(field.pointer)(stored.event)
  if (value === undefined || value === null) return undefined
  const clear = open(value, field)
  if (clear === value) return unreadable
  const inner = source.slice(field.pointer.length)
  return isJsonObject(clear) ? readPointer(inner)(clear) : clear
}

const sourcesOf = (computed: Computation) => {
  if (computed === 'received') return []
  return 'join' in computed ? computed.join : [computed.years.since]
}

const isWithin = (inner: string, outer: string) => inner === outer || inner.startsWith(`${outer}/`)

function setMember(event: JsonObject, tokens: string[], value: JsonValue): void {
  let around = event
  for (const token of tokens.slice(0, -1)) {
    around[token] ??= {}
    around = around[token] as JsonObject
  }
  around[tokens.at(-1)!] = value
}
