// A stored event with some of its values corrected, as a new event of the same person: changed values are protected by
// the policy of today, the others stay as they are stored, sealed anew for the new event. Nothing that was stored under a
// stricter policy than today's comes under today's. What is computed of changed values is computed anew.

import type { JsonObject, JsonValue } from '../../../storage/json.ts'
import { isJsonObject } from '../../../storage/json.ts'
import type { StoredContract, StoredEvent, StoredField } from '../../../storage/stored-shapes.ts'
import { fieldTree, isDomainToken, treatEvent } from '../../access/field-tree.ts'
import { makeOpener } from '../../access/open-event.ts'
import { levels } from '../../classification/taxonomy.ts'
import type { Contract, ContractVersion, FieldRule } from '../../contract/contract.ts'
import { parsePointer } from '../../contract/json-pointer.ts'
import type { ActionContext } from '../../protection/action.ts'
import { openField, sealField } from '../../protection/field-cipher.ts'
import { protect } from '../../protection/protect.ts'
import { RequestFailed } from '../find-asked.ts'
import type { KnownPerson } from '../find-persons.ts'
import type { CheckedChange } from './check-changes.ts'
import { affectedFields, recomputeFields } from './recompute-fields.ts'

export interface Correction {
  stored: StoredEvent
  /** Under which it was stored, and of today for the same schema version. */
  before: StoredContract
  today: StoredContract
  version: ContractVersion
  eventTime: Contract['eventTime']
  changes: CheckedChange[]
  /** Id of the corrected event. */
  id: string
  /** Its time. */
  time: string
  /** Whoever the event is about, by pseudonym. */
  persons: ReadonlyMap<string, KnownPerson>
  domainKeys: ActionContext['domainKeys']
}

/** @throws RequestFailed for a change that leads nowhere, or a value that cannot come under today's policy */
export function correctEvent(correction: Correction): JsonObject {
  const { stored, version, changes, eventTime } = correction
  const computed = affectedFields(version, eventTime, changes)
  // First: what is changed need not be carried over.
  const event = structuredClone(stored.event)
  for (const { tokens } of changes) setAt(event, tokens, null)
  for (const { pointer } of computed) setAt(event, parsePointer(pointer)!, undefined)
  const corrected = carryOver(correction, event)
  const context = contextOf(correction, stored.subject)
  for (const { tokens, raw } of changes) {
    const made = protect(version.plan, raw, { primary: context, others: new Map(), redacted: new Set() })
    setAt(corrected, tokens, only(made, tokens.length))
  }
  recompute(correction, computed, corrected)
  return corrected
}

/** Puts what is computed of changed values into the corrected event. */
function recompute(correction: Correction, computed: FieldRule[], corrected: JsonObject): void {
  if (computed.length === 0) return
  const { stored, before, version, changes, persons, time } = correction
  const { personOf, open } = makeOpener(before, stored, persons)
  const known = { stored, fields: before.fields, open, changes }
  const values = recomputeFields(version, computed, known, { time, receivedAt: stored.receivedAt })
  for (const { pointer, action, of } of computed) {
    const value = values.get(pointer)
    if (value === undefined || action === 'reject') continue
    const who = personOf({ of })
    const isKnown = of === undefined || (who !== null && persons.has(who))
    const made = isKnown ? action.apply(value, pointer, contextOf(correction, who)) : null
    setAt(corrected, parsePointer(pointer)!, made)
  }
}

/** What is not changed. */
function carryOver(correction: Correction, event: JsonObject): JsonObject {
  const { stored, before, today, version } = correction
  const ruleOf = new Map(version.fields.map(rule => [rule.pointer, rule]))
  const fieldOf = new Map(today.fields.map(field => [field.pointer, field]))
  const { personOf } = makeOpener(before, stored, correction.persons)
  const stuck = new Set<string>()
  const carried = treatEvent(fieldTree(before.fields), event, {
    value: (value, field) => {
      if (value === null || !field) return value
      const now = fieldOf.get(field.pointer)
      if (now && isNoWeaker(field, now)) {
        if (isSameTreatment(field, now)) return resealed(correction, value, field, personOf(field))
        const { action } = ruleOf.get(field.pointer)!
        if (field.action === 'keep' && action !== 'reject')
          return action.apply(value, field.pointer, contextOf(correction, personOf(field)))
      }
      // Nobody can send it, so it is left out.
      if (field.computed) return undefined
      stuck.add(field.pointer)
      return null
    },
  })
  if (stuck.size === 0) return carried
  throw new RequestFailed(
    `the policy treats ${[...stuck].join(', ')} otherwise than when the event was stored, and the values cannot be ` +
      'brought under it: name them in `changes` too, with the values they should have',
  )
}

const isNoWeaker = (before: StoredField, now: StoredField) =>
  levels.indexOf(now.level) >= levels.indexOf(before.level) && now.of === before.of && now.whole === before.whole

const isSameTreatment = (before: StoredField, now: StoredField) =>
  now.action === before.action && now.domain === before.domain

/** A ciphertext opens in its own event alone. One that cannot be opened is noise: its person is gone. */
function resealed(correction: Correction, value: JsonValue, field: StoredField, who: string | null): JsonValue {
  const person = who === null ? undefined : correction.persons.get(who)
  const { dataset, id: from } = correction.stored
  const { pointer } = field
  const again = (sealed: string): string | undefined => {
    try {
      const clear = openField(person!.keys.field, sealed, { dataset, pointer, eventId: from })
      return sealField(person!.keys.field, clear, { dataset, pointer, eventId: correction.id })
    } catch {
      return undefined
    }
  }
  if (field.domain !== undefined && isDomainToken(value)) {
    const sealed = again(value.sealed)
    return sealed === undefined ? null : { ...value, sealed }
  }
  if (field.action === 'encrypt' && typeof value === 'string') return again(value) ?? null
  return value
}

function contextOf({ stored, id, persons, domainKeys }: Correction, who: string | null): ActionContext {
  const person = who === null ? undefined : persons.get(who)
  return {
    dataset: stored.dataset,
    eventId: id,
    keys: person?.keys,
    pseudonym: person?.pseudonym,
    domainKeys,
  }
}

/** The one value so many levels deep; undefined where none is stored. */
function only(made: JsonObject, depth: number): JsonValue | undefined {
  let value: JsonValue | undefined = made
  for (let level = 0; level < depth && value !== undefined; level++) value = Object.values(value as JsonObject)[0]
  return value
}

/** Sets a value, or takes a member away where it is undefined. @throws RequestFailed for an item that is not there */
function setAt(event: JsonObject, tokens: string[], value: JsonValue | undefined): void {
  let around: JsonValue = event
  for (const [i, token] of tokens.entries()) {
    const isLast = i === tokens.length - 1
    if (Array.isArray(around)) {
      if (Number(token) >= around.length) throw new RequestFailed('an item that is to be corrected is not in the event')
      if (isLast) around[Number(token)] = value ?? null
      else around[Number(token)] ??= {}
      around = around[Number(token)]!
    } else if (isJsonObject(around)) {
      if (!isLast) around[token] ??= {}
      else if (value === undefined) delete around[token]
      else around[token] = value
      around = around[token] ?? null
    } else throw new RequestFailed('a value that is to be corrected is not in the event')
  }
}
