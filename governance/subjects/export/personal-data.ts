// All that is stored of a person, as an export gathers it: in the clear as far as the person's keys reach, and nothing
// of anybody else.

import type { JsonObject, JsonValue } from '../../../storage/json.ts'
import type { StoredContract } from '../../../storage/stored-shapes.ts'

export interface PersonalData {
  /** The same human being, under each id that was asked for. */
  persons: PersonState[]
  /** By name. */
  datasets: DatasetData[]
  /** What was done with the data, oldest first. */
  accesses: DataAccess[]
}

export interface PersonState {
  /** As producers name the person. */
  type: string
  id: string
  restricted: boolean
  /** Purposes objected to. */
  objections: string[]
  /** Other names the person is found by are kept as hashes: how many, and of which kinds they can be. */
  aliases: { count: number; types: string[] }
}

export interface DatasetData {
  dataset: string
  /** Under which the records were stored. */
  contracts: StoredContract[]
  records: OwnRecord[]
  rejected: RejectedEvent[]
}

/** An event, or the person's part of it. */
export interface OwnRecord {
  /**
   * `event`: mainly about the person. `mention`: mainly about somebody else. `conflict`: a second copy of an event with
   * other content, kept without effect.
   */
  kind: 'event' | 'mention' | 'conflict'
  /** Null where it is somebody else's. */
  id: string | null
  /** RFC 3339, as all times. Null of a conflict. */
  time: string | null
  receivedAt: string
  schema: string
  policy: string
  /** Stored while the person was restricted. */
  held: boolean
  /** The event it corrects, and the one it was corrected by. */
  rectifies: string | null
  rectifiedBy: string | null
  keptUntil: string | null
  /** The person's fields. */
  event: JsonObject
  /** Where a value stands that is not in the clear. */
  closed: ClosedField[]
}

/** A field that is not in the clear, and what was done to it: why it cannot be. */
export interface ClosedField {
  pointer: string
  action: string
}

/** An event that broke its contract. */
export interface RejectedEvent {
  id: string
  receivedAt: string
  schema: string
  policy: string
  errors: JsonObject[]
  keptUntil: string | null
  /** As it came; the person's fields alone where it could hold somebody else's; null where that cannot be told. */
  original: JsonValue
}

export interface DataAccess {
  at: string
  /** As the audit calls it. */
  kind: string
  /** Id of the caller. */
  actor: string
  dataset: string | null
  /** As it was stated. */
  purpose: string | null
  /** Of the records above, those read; how many others: deleted since, or other persons' that name this one. */
  events: string[]
  otherEvents: number
  /** False where what is sealed in the entry does not open: it was not Écluse that wrote it so. */
  opened: boolean
}
