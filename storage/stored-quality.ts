// What was measured of a dataset's events, as it rests in the documents: counts and statistics of a stretch of reception
// time, written by processors. Nothing here is a text of an event, or leads to a person.

import type { Position } from './event-log/event-log.ts'

/** Collections: by minute, and the same of whole hours with what drift is told by. */
export const QUALITY_MINUTES = 'quality'
export const QUALITY_HOURS = 'quality_hours'

/** State of the measure `variance`. */
export type StoredMoments = { n: number; sum: [number | string, number]; squares: [number | string, number] }
/** State of the measure `quantile`. */
export type StoredSketch = { below: number[]; zeros: number; above: number[] }

/** Of one stretch of time. Only what is more than none is there. */
export interface StoredQuality {
  /** Events that were looked at, by what was looked for in them: a name in the row's `plans`. */
  events?: Record<string, number>
  /** By pointer: events without a value there. */
  missing?: Record<string, number>
  /** By pointer. */
  numbers?: Record<string, StoredMoments>
  /** From events' own time to their reception, ms. */
  delay?: StoredSketch
  /** Events with a time of their own; of these, those that came later than promised, and ahead of their reception. */
  timed?: number
  late?: number
  ahead?: number
  /** By name of the rule: events that were looked at, and those that broke it. */
  rules?: Record<string, [of: number, broken: number]>
  /** Events whose kept texts were looked at, and by pointer and kind how many texts looked like personal data. */
  sampled?: number
  suspects?: Record<string, Record<string, number>>
  /** Rejected events, by cause. */
  causes?: Record<string, number>
}

/** How values of one hour are spread. */
export interface StoredSpread {
  /** By pointer: numbers, and how often each listed value stood there, by its JSON. */
  numbers?: Record<string, StoredSketch>
  values?: Record<string, Record<string, number>>
}

/** What one partition of the log holds that was received in one hour, or ten minutes of it: of events, or of those that were rejected. */
export interface StoredQualityRow {
  dataset: string
  /** Start of the hour, RFC 3339. */
  hour: string
  side: 'events' | 'quarantine'
  /** `<incarnation>/<partition>` of the log. */
  part: string
  /** Of the last record that is in it. */
  offset: number
  /** The pointers that were looked at for a value, by a name that every list of pointers has of its own. */
  plans: Record<string, string[]>
}

/** In collection `quality`: ten minutes. */
export interface StoredQualityMinutes extends StoredQualityRow {
  /** `08` for the ninth of the hour. */
  minutes: Record<string, StoredQuality>
}

/** In collection `quality_hours`. */
export interface StoredQualityHour extends StoredQualityRow {
  whole: StoredQuality
  spread: StoredSpread
}

export type QualityPart = Pick<Position, 'incarnation' | 'partition'> & Pick<StoredQualityRow, 'dataset' | 'side'>
