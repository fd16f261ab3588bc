// What an action is: the one thing that happens to a field's value before it is stored. One file an action beside
// this one; `actions.ts` lists them.

import type { TSchema } from 'typebox'
import type { JsonObject, JsonValue } from '../../storage/json.ts'
import type { PersonKeys } from './person-keys.ts'

export type ActionName = 'keep' | 'pseudonymise' | 'encrypt' | 'mask' | 'generalise' | 'redact' | 'drop'

/** What an action may know of the event whose field it treats. */
export interface ActionContext {
  dataset: string
  /** The event's id as it is stored: bound into ciphertexts. */
  eventId: string
  /** Keys and pseudonym of the person this field is about; undefined when that is nobody, or a person fenced off. */
  keys: PersonKeys | undefined
  pseudonym: string | undefined
  /** Current keys of a named domain, newest first: one, or two while a rotation overlaps. */
  domainKeys(domain: string): DomainKey[]
}

export interface DomainKey {
  id: number
  /** HMAC-SHA-256 of a text under this key, as base64url. */
  mac(text: string): string
}

/** An action with its parameters, ready to run. */
export interface Action {
  name: ActionName
  /** The named domain whose keys it needs. */
  domain?: string
  /**
   * The stored value; `undefined` leaves the member out. Called for any JSON value the raw schema allows.
   * `pointer` is the pattern of the field in the schema, `*` for array items, the same for every event.
   */
  apply(value: JsonValue, pointer: string, context: ActionContext): JsonValue | undefined
  /** JSON Schema of the stored value, from the raw field's schema; undefined when nothing is stored. */
  derive(raw: JsonObject): JsonObject | undefined
}

export interface ActionDefinition {
  name: ActionName
  /** Shape of the action's parameters in a policy (`{ mask: <parameters> }`); undefined if it takes none. */
  parameters?: TSchema
  /** Whether it may be written without parameters (`action: mask`). */
  bare: boolean
  /** Whether equal inputs give equal results under one key, so that few possible values could be told apart. */
  hashLike: boolean
  /** Whether, with these parameters, it needs the key of a person. */
  needsPerson(parameters: unknown): boolean
  /** Problems the shape cannot express, as sentences; empty when there are none. */
  check?(parameters: unknown): string[]
  make(parameters: unknown): Action
}
