// What is noted of records that stand in the log and not, or not so, in the archive.

import type { Position } from './event-log/event-log.ts'
import type { StoredEvent } from './stored-shapes.ts'

/**
 * A record that stands in the log and not, or not so, in the archive: a copy, an erased person's, or an event that was
 * protected anew. In collection `passed_over`.
 */
export interface StoredPassedOver extends Pick<StoredEvent, 'dataset' | 'receivedAt' | 'schema' | 'policy'> {
  subject: string
  /** Where it holds values: patterns of pointers, `*` for the items of an array. No values. */
  places: string[]
  /** Of a copy: `placeInLog` of the event it is a copy of, and where it stands itself. */
  copyOf?: string
  position?: Position
}

/** Where a record of a dataset stands in the log, as one value. */
export function placeInLog(dataset: string, { incarnation, partition, offset }: Position): string {
  return `${dataset}/${incarnation}/${partition}/${offset}`
}
