// What rests in the documents: written by processors, read by the gateway. One definition of each for both.

import type { CollectionSettings } from './documents/documents.ts'
import type { Position } from './event-log/event-log.ts'
import type { JsonObject } from './json.ts'
import type { StoredPackage } from './stored-package.ts'
import type { StoredPassedOver } from './stored-passed-over.ts'
import type { StoredLeft, StoredQuarantine } from './stored-quarantine.ts'
import type { StoredReidentification } from './stored-reidentification.ts'
import type { StoredRetention } from './stored-retention.ts'

/**
 * Collections and their indexed members. `retentions` holds, by dataset, the retention that was applied last, and under
 * `held/<dataset>` the sign that a process lives whose policy it is.
 */
export const collections = {
  events: { indexes: ['dataset', 'time', 'subject', 'held', 'receivedIn'] },
  mentions: { indexes: ['subject', 'dataset'] },
  passed_over: { indexes: ['subject', 'dataset', 'copyOf'] },
  quarantine: {
    indexes: ['dataset', 'cause', 'receivedAt', 'subject', 'left', 'request', 'outcome'],
    together: [
      ['dataset', 'receivedAt'],
      ['dataset', 'cause', 'receivedAt'],
      ['request', 'outcome'],
    ],
  },
  anomalies: {
    indexes: [
      ...['dataset', 'detectedAt', 'lastSeenAt', 'eventDocument', 'subject', 'state', 'kind', 'severity', 'running'],
    ],
    together: [
      ['dataset', 'detectedAt'],
      ['dataset', 'state', 'detectedAt'],
      ['dataset', 'kind', 'state'],
    ],
  },
  anomalies_judged: { indexes: [] },
  alerts: { indexes: ['route', 'open', 'active'] },
  rectifications: { indexes: ['dataset'] },
  packages: { indexes: ['request', 'subject', 'endsAt'] },
  requests: { indexes: ['kind', 'createdAt', 'active', 'state', 'ownedUntilMs', 'dataset'] },
  recomputations: { indexes: ['dataset', 'subject'] },
  window_days: { indexes: ['dataset'] },
  window_marks: { indexes: ['dataset'] },
  aggregates: { indexes: ['dataset'] },
  watermarks: { indexes: ['dataset'] },
  ledger: { indexes: ['dataset', 'hour'] },
  ledger_checks: { indexes: ['dataset', 'hour'] },
  ledger_removals: { indexes: ['dataset', 'receivedIn'] },
  ledger_writers: { indexes: [] },
  quality: { indexes: ['dataset', 'hour'], together: [['dataset', 'hour']] },
  quality_hours: { indexes: ['dataset', 'hour'], together: [['dataset', 'hour']] },
  removals: { indexes: [] },
  retentions: { indexes: [] },
  contracts: { indexes: ['dataset'] },
  reidentifications: { indexes: ['requester', 'endsAt'] },
  audit: { indexes: ['index', 'entry', 'kind', 'at', 'person', 'dataset', 'actor'] },
  audit_nodes: { indexes: [] },
  audit_heads: { indexes: ['treeSize'] },
} satisfies Record<string, CollectionSettings>

/** An archived event, in collection `events`, under `eventDocumentId`. */
export interface StoredEvent {
  id: string
  dataset: string
  time: string
  timeAmbiguous: boolean
  receivedAt: string
  subject: string | null
  others: string[]
  schema: string
  policy: string
  /** Of the first copy: the one that has effect. */
  position: Position
  /** `receptionOf` it: what the ledger counts by. Missing: archived before there was a ledger. */
  receivedIn?: string
  /** MAC of the raw content. */
  content: string
  /** How far the time of the events before it in its partition had come, ms; null where there was none. Missing: nobody knows. */
  watermark?: number | null
  /** How often it was changed since it was archived. */
  changes: number
  /** 1 for a restricted person's event: stored, without effect and unread; else 0. */
  held: 0 | 1
  /** Id of the event it corrects (GDPR art. 16), and since when; id of the one it was corrected by. */
  rectifies: string | null
  rectifiedAt: string | null
  rectifiedBy: string | null
  /** Since when it is stored otherwise than in the log, where a newer policy protects it more. */
  reprotectedAt: string | null
  /** When it was replayed from the quarantine, and by which request; missing where it was not. */
  replay?: { at: string; request: string } | null
  event: JsonObject
}

/** When the log took an event's record: a correction, or what was replayed, later than it was received. */
export function loggedAt({
  receivedAt,
  rectifiedAt,
  replay,
}: Pick<StoredEvent, 'receivedAt' | 'replay'> & { rectifiedAt?: string | null }): string {
  return replay?.at ?? rectifiedAt ?? receivedAt
}

/** Where a person is named who is not the first one of an event, in collection `mentions`. */
export interface StoredMention {
  subject: string
  dataset: string
  /** When what it leads to began to be kept. */
  keptFrom: string
  collection: 'events' | 'anomalies'
  /** A document's id. */
  document: string
}

/** A correction that came before the event it corrects, in collection `rectifications`, under the latter's document id. */
export interface StoredRectification {
  dataset: string
  /** Event ids. */
  event: string
  by: string
}

export const anomalyStates = ['open', 'acknowledged', 'resolved', 'false-alarm'] as const
export type AnomalyState = (typeof anomalyStates)[number]

/** Something that should not be, in collection `anomalies`. Evidence holds no personal value in the clear. */
export interface StoredAnomaly {
  id: string
  dataset: string
  /** `conflict`, `unreadable-record`, `ledger-mismatch`, or what was found in windows: see `anomalyKinds`. */
  kind: string
  severity: 'critical' | 'high' | 'medium' | 'low'
  /** What is resolved has come right by itself, or somebody said so. */
  state: AnomalyState
  detectedAt: string
  resolvedAt?: string
  /** Who changed its state, oldest first: a caller's id, or `écluse`. */
  history?: { state: AnomalyState; at: string; by: string; comment?: string }[]
  /** Of reception, RFC 3339: from the first wrong window to the end of the last. */
  window?: { start: string; end: string }
  /** Wrong windows in it, and the end of the last. */
  windows?: number
  lastSeenAt?: string
  /** What its windows were found by, and the series of metrics that they are no example of. */
  run?: string
  series?: string[]
  /** Its dataset, while it goes on: until windows are well again, whatever somebody says of it. */
  running?: string
  /** Of the schema. */
  pointer?: string
  /** The strictest level of what `detail` and `evidence` tell; missing: public. */
  level?: StoredField['level']
  /** Numbers that show it, and what they were counted over; no personal values. */
  evidence?: JsonObject
  /** One sentence. */
  detail: string
  /** The archived event it is about, by document id. */
  eventDocument: string | null
  /** Of a conflict's copy: its first person, and what it was stored by. */
  subject: string | null
  schema: string | null
  policy: string | null
  /** Of the record it is about; null where it is about none. */
  position: Position | null
  /** A conflict's copy: protected, and without effect. */
  copy: JsonObject | null
  /** As of an event. */
  reprotectedAt: string | null
}

/** Counts by minute: `08` for the ninth of the hour, then by name. */
export type CountsByMinute = Record<string, Record<string, number>>

/**
 * What one partition of the log holds that was received in one hour, counted: of a dataset's ledger topic the gateways'
 * counts, of its events' topic what became of each record. In collection `ledger`.
 */
export interface StoredLedgerRow {
  dataset: string
  /** Its start, RFC 3339. */
  hour: string
  side: 'gateways' | 'processors'
  /** `<incarnation>/<partition>` of the log. */
  part: string
  /** Of the last record that is in it. */
  offset: number
  minutes: CountsByMinute
}

/** How many events of an hour's reception the archive held at the last look, in collection `ledger_checks`. */
export interface StoredLedgerCheck {
  dataset: string
  /** Its start, RFC 3339. */
  hour: string
  /** Counts `events` and, of those removed for erased persons, `erased`. */
  minutes: CountsByMinute
  checkedAt: string
}

/** An erased person's event is gone from the archive: nothing of it but when it came. In collection `ledger_removals`. */
export interface StoredLedgerRemoval extends Pick<StoredEvent, 'dataset' | 'receivedAt'> {
  receivedIn: string
}

/** A dataset's contract as events were stored under it, in collection `contracts`, under `contractDocumentId`. */
export interface StoredContract {
  dataset: string
  /** SchemaVer of the raw schema, start of the policy's SHA-256: as an event names them. */
  schema: string
  policy: string
  title?: string
  owner: string
  purpose: string
  legalBasis: string
  /** Who receives the data. */
  recipients: string[]
  /** As the policy says it: `400d`. */
  retention: { log: string; events: string; quarantine: string; lake: string }
  fields: StoredField[]
  event: {
    idPointer?: string
    idPersonal?: boolean
    timePointer?: string
    /** The first is primary. */
    subjects: { name: string; type: string; pointer: string }[]
  }
}

/** How one field was classified, and what was done to it. */
export interface StoredField {
  /** RFC 6901, `*` for the items of an array. */
  pointer: string
  level: 'public' | 'internal' | 'confidential' | 'restricted'
  category?: string
  /** Name of the action; `reject` where an event with this field was not stored. */
  action: string
  /** Name of the subject whose key protects it; left out: the first. */
  of?: string
  /** Treated as one value, whatever is inside. */
  whole: boolean
  /** The named domain of its tokens. */
  domain?: string
  /** It was not sent: the policy had it computed. */
  computed?: true
}

export function contractDocumentId(dataset: string, schema: string, policy: string): string {
  return `${dataset}/${schema}/${policy}`
}

/** A dataset and a minute of reception as one value, so that one index counts by both. @param minute see `minuteOf` */
export function receptionOf(dataset: string, minute: string): string {
  return `${dataset}/${minute}`
}

export function eventDocumentId(dataset: string, eventId: string): string {
  return `${dataset}/${eventId}`
}

/** A body as a plain JSON object: these shapes hold nothing else. */
export function asBody(
  stored:
    | StoredEvent
    | StoredMention
    | StoredPassedOver
    | StoredRectification
    | StoredPackage
    | StoredQuarantine
    | StoredLeft
    | StoredAnomaly
    | StoredLedgerRow
    | StoredLedgerCheck
    | StoredLedgerRemoval
    | StoredRetention
    | StoredContract
    | StoredReidentification,
): JsonObject {
  return stored as unknown as JsonObject
}
