// The record of what was done and by whom: entries go to the log, in one order, before what they tell of is answered.

import type { JsonObject } from '../../storage/json.ts'
import type { PersonKeys } from '../protection/person-keys.ts'

/** Kinds of entries; docs/audit.md says what each holds. */
export type AuditKind =
  | 'contract-activated'
  | 'policy-approved'
  | 'access-changed'
  | 'clear-read'
  | 'original-revealed'
  | 'reidentification-requested'
  | 'reidentified'
  | 'approval'
  | 'refusal'
  | 'right-requested'
  | 'right-changed'
  | 'right-done'
  | 'request-read'
  | 'package-read'
  | 'reprotection-requested'
  | 'reprotected'
  | 'replay-requested'
  | 'replayed'
  | 'discard-requested'
  | 'discarded'
  | 'legal-hold'
  | 'erasure-lifted'
  | 'key-made'
  | 'key-revoked'
  | 'key-rotated'
  | 'login-failures'

/** What happened. Names, ids and pseudonyms of persons never stand here in the clear. */
export interface AuditEvent {
  kind: AuditKind
  /** A caller's id; `ecluse` for the system itself, `cli` for a verb that works on the vault. */
  actor: string
  dataset?: string
  /** Id of a request. */
  request?: string
  /** No personal data. */
  details?: JsonObject
  /** Of what was noted before it could be recorded: the entry's id, a UUID version 7, and time. Copies are one entry. */
  noted?: { id: string; at: string }
  /** The person it is about, and what of it is personal: sealed under that person's key. */
  about?: { person: { pseudonym: string; keys: PersonKeys }; sealed?: JsonObject }
}

export interface Audit {
  /** Resolves once the log has all of them. @throws EventLogUnavailable */
  record(...events: AuditEvent[]): Promise<void>
}
