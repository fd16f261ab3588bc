// Keeps what should not be, so that it is seen: a conflicting copy with its protected content, a record nobody can
// read with its position.

import type { Logger } from '../runtime/logger.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { Position } from '../storage/event-log/event-log.ts'
import { asBody, eventDocumentId, type StoredAnomaly } from '../storage/stored-shapes.ts'
import type { PlacedEvent, UnreadableRecord } from './read-records.ts'

interface AnomalyDeps {
  documents: Documents
  logger: Logger
  now: () => number
}

/**
 * Stores one anomaly for each; idempotent, since an anomaly is named by its record's position.
 * @param retentionMs of events; undefined where nobody says how long
 */
export async function storeAnomalies(
  deps: AnomalyDeps,
  dataset: string,
  found: { conflicts: PlacedEvent[]; unreadable: UnreadableRecord[] },
  retentionMs: number | undefined,
): Promise<void> {
  const conflicts = found.conflicts.map(({ record, position }) =>
    anomaly(dataset, position, {
      kind: 'conflict',
      severity: 'medium',
      detail: 'An event id came again with other content: the first copy keeps its effect, this one is kept apart.',
      eventDocument: eventDocumentId(dataset, record.id),
      subject: record.subject,
      schema: record.schema,
      policy: record.policy,
      copy: record.event,
    }),
  )
  const unreadable = found.unreadable.map(({ position, reason }) =>
    anomaly(dataset, position, {
      kind: 'unreadable-record',
      severity: 'high',
      detail: `A record of the log was passed over: ${reason}.`,
      eventDocument: null,
      subject: null,
      schema: null,
      policy: null,
      copy: null,
    }),
  )
  const anomalies = [...conflicts, ...unreadable]
  if (anomalies.length === 0) return
  const detectedAtMs = deps.now()
  const detectedAt = new Date(detectedAtMs).toISOString()
  const expiresAtMs = retentionMs === undefined ? null : detectedAtMs + retentionMs
  await deps.documents.insertFirst(
    'anomalies',
    anomalies.map(found => ({ id: found.id, version: 0, expiresAtMs, body: asBody({ ...found, detectedAt }) })),
  )
  deps.logger.warn(
    { dataset, conflicts: conflicts.length, unreadable: unreadable.length },
    'anomalies: GET /v1/anomalies shows them',
  )
}

function anomaly(
  dataset: string,
  position: Position,
  found: Pick<
    StoredAnomaly,
    'kind' | 'severity' | 'detail' | 'eventDocument' | 'subject' | 'schema' | 'policy' | 'copy'
  >,
): Omit<StoredAnomaly, 'detectedAt'> {
  return { id: anomalyId(dataset, position), dataset, state: 'open', position, reprotectedAt: null, ...found }
}

export function anomalyId(dataset: string, { incarnation, partition, offset }: Position): string {
  return `${dataset}/${incarnation}/${partition}/${offset}`
}
