// What becomes of one stored event when its policy asks for more than it did when the event was stored: values that are
// protected less than they should be come under the policy of today, tokens of named domains under the keys of today.
// Nothing is ever protected less. What cannot be brought under the policy stays as it is stored, and is told.

import { hash } from 'node:crypto'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import type { StoredContract, StoredField } from '../../storage/stored-shapes.ts'
import { fieldTree, isDomainToken, treatEvent } from '../access/field-tree.ts'
import { makeOpener, type SealedEvent } from '../access/open-event.ts'
import { levels } from '../classification/taxonomy.ts'
import { compareActions, storesNothing } from '../contract/compare-actions.ts'
import type { ContractVersion, FieldRule } from '../contract/contract.ts'
import type { Action, ActionContext } from '../protection/action.ts'
import { tokenKeyId } from '../protection/token.ts'
import type { KnownPerson } from '../subjects/find-persons.ts'

/** Two contracts of one schema version, compared once for all the events stored under the first. */
export interface Reprotection {
  /** By pointer: what is done to values that are stored. */
  steps: Map<string, Step>
  before: StoredContract
  /** What events are stored under afterwards: a contract of its own, since some fields may stay as they were. */
  after: StoredContract
}

/** What happens to the values of one field. */
export type Step =
  | { does: 'protect'; action: Action; from: string; to: string }
  /** The value they were made of is nowhere any more. */
  | { does: 'leave'; from: string; to: string }
  /** Tokens of a named domain, which may be older than its keys. */
  | { does: 'renew'; action: Action; from: string; to: string }

export interface ReprotectedEvent {
  event: JsonObject
  /** Values by pointer. */
  protected: Map<string, number>
  renewed: Map<string, number>
  left: Map<string, number>
}

/** @param version of the live contract, the same schema version as `before` */
export function planReprotection(
  before: StoredContract,
  today: StoredContract,
  version: Pick<ContractVersion, 'fields'>,
): Reprotection {
  const ruleOf = new Map(version.fields.map(rule => [rule.pointer, rule]))
  const fieldOf = new Map(today.fields.map(field => [field.pointer, field]))
  // Whose event it is, and which, is never touched.
  const identity = new Set([before.event.idPointer, ...before.event.subjects.map(({ pointer }) => pointer)])
  const steps = new Map<string, Step>()
  const fields = before.fields.map(field => {
    const step = identity.has(field.pointer)
      ? undefined
      : stepOf(field, fieldOf.get(field.pointer), ruleOf.get(field.pointer))
    if (step) steps.set(field.pointer, step)
    return step?.does === 'protect' ? stricterLevel(field, fieldOf.get(field.pointer)!) : field
  })
  if (![...steps.values()].some(({ does }) => does === 'protect')) return { steps, before, after: before }
  const policy = hash('sha256', JSON.stringify({ ...before, fields })).slice(0, 16)
  return { steps, before, after: { ...before, fields, policy } }
}

/** Undefined where the value stays as it is, and rightly so. */
function stepOf(before: StoredField, now: StoredField | undefined, rule: FieldRule | undefined): Step | undefined {
  const from = nameOf(before)
  if (!now && before.computed) return { does: 'leave', from, to: 'computed no more' }
  // It is part of a whole now, or a whole no more.
  if (!now || !rule || now.whole !== before.whole || now.of !== before.of)
    return { does: 'leave', from, to: now ? 'one value, or another person’s' : 'part of another value' }
  const to = nameOf(now)
  if (rule.action === 'reject') return { does: 'leave', from, to }
  const { action } = rule
  // Which of two domains protects more, nobody can say.
  if (before.domain !== undefined && now.domain !== undefined && from !== to) return { does: 'leave', from, to }
  if (from === to) return before.domain === undefined ? undefined : { does: 'renew', action, from, to }
  if (compareActions(written(before), written(now)) !== 'stricter') return undefined
  const isOpen = before.action === 'keep' || before.domain !== undefined
  return isOpen || storesNothing(written(now)) ? { does: 'protect', action, from, to } : { does: 'leave', from, to }
}

/** The event as it should be stored; undefined where a value does not open, or its person is not known: nothing is done. */
export function reprotectEvent(
  { before, steps }: Reprotection,
  stored: SealedEvent,
  { persons, domainKeys }: { persons: ReadonlyMap<string, KnownPerson>; domainKeys: ActionContext['domainKeys'] },
): ReprotectedEvent | undefined {
  const { dataset, id } = stored
  const { personOf, open } = makeOpener(before, stored, persons)
  const counts = {
    protected: new Map<string, number>(),
    renewed: new Map<string, number>(),
    left: new Map<string, number>(),
  }
  let isStuck = false

  function treat(value: JsonValue, field: StoredField): JsonValue | undefined {
    const step = steps.get(field.pointer)
    // Of a value that was kept, that it is null is a value too.
    if (!step || (value === null && field.action !== 'keep')) return value
    if (step.does === 'leave') return counted(counts.left, field, value)
    if (
      step.does === 'renew' &&
      !isStale(
        value,
        domainKeys(field.domain!).map(({ id: keyId }) => keyId),
      )
    )
      return value
    const pseudonym = personOf(field)
    const person = pseudonym === null ? undefined : persons.get(pseudonym)
    const clear = field.domain !== undefined && isDomainToken(value) ? open(value, field) : value
    // What cannot be opened is noise, or somebody's whose key is elsewhere: nobody may lose it here.
    isStuck ||= (pseudonym !== null && !person) || (clear === value && field.domain !== undefined)
    if (isStuck) return value
    const context = { dataset, eventId: id, keys: person?.keys, pseudonym: person?.pseudonym, domainKeys }
    const made = step.action.apply(clear, field.pointer, context)
    return counted(step.does === 'renew' ? counts.renewed : counts.protected, field, made)
  }

  const event = treatEvent(fieldTree(before.fields), stored.event, {
    value: (value, field) => (field ? treat(value, field) : value),
  })
  return isStuck ? undefined : { event, ...counts }
}

function counted<T>(counts: Map<string, number>, { pointer }: StoredField, value: T): T {
  counts.set(pointer, (counts.get(pointer) ?? 0) + 1)
  return value
}

/** Whether the tokens are not those that the keys of today make. */
function isStale(value: JsonValue, keyIds: number[]): boolean {
  if (!isDomainToken(value)) return false
  return value.tokens.map(token => tokenKeyId(token as string)).join() !== keyIds.join()
}

/** A level never falls here. */
function stricterLevel(before: StoredField, now: StoredField): StoredField {
  return levels.indexOf(now.level) < levels.indexOf(before.level) ? { ...now, level: before.level } : now
}

const written = ({ action, domain }: StoredField) => ({
  name: action as FieldRule['actionName'],
  ...(domain !== undefined && { parameters: { domain } }),
})

const nameOf = ({ action, domain }: StoredField) => (domain === undefined ? action : `${action} in ${domain}`)
