// Everything that declared aggregates take, over the stores: what the pipeline adds events with, and what computes
// windows anew.

import type { Catalogue } from '../../governance/contract/catalogue.ts'
import type { KeyRing } from '../../governance/subjects/key-ring.ts'
import type { NotedWindows } from '../../governance/subjects/recompute.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { EventLog } from '../../storage/event-log/event-log.ts'
import type { Tables } from '../../storage/tables/tables.ts'
import type { Incarnations } from '../incarnations.ts'
import { openWindows, type Windows } from './add-to-windows.ts'
import { openAggregateStore } from './aggregate-store.ts'
import { deleteNotes, findNotes } from './note-days.ts'
import { openRecomputations } from './recomputations.ts'
import { beginDays, computeDays, recomputeNoted } from './recompute-windows.ts'
import { openWatermarks, type Watermarks } from './watermarks.ts'

export interface AggregationDeps {
  tables: Pick<Tables, 'ensureTable' | 'read' | 'upsert' | 'remove'>
  documents: Documents
  log: Pick<EventLog, 'ends' | 'hasPassed'>
  incarnations: Incarnations
  catalogue: Pick<Catalogue, 'find'>
  ring: Pick<KeyRing, 'windowKey'>
  /** The consumer group that adds to windows. */
  group: string
  /** Groups of one window in one partition of the log, and rows kept in memory between batches. */
  maxGroups: number
  maxRows: number
  now: () => number
}

export interface Aggregation {
  windows: Windows
  watermarks: Watermarks
  /** For erasures. */
  noted: NotedWindows
  /** Corrections and events released from restriction: see `recomputeNoted`. */
  recomputeNoted(passes: (hasPassed: () => Promise<boolean>) => Promise<boolean>): Promise<number>
}

export function openAggregation(deps: AggregationDeps): Aggregation {
  const { documents, log, group, catalogue } = deps
  const store = openAggregateStore(deps)
  const longestRetentionMs = (dataset: string) =>
    Math.max(0, ...(catalogue.find(dataset)?.aggregates ?? []).map(({ retentionMs }) => retentionMs))
  const recomputations = openRecomputations({ ...deps, store, longestRetentionMs })
  const recomputing = { ...deps, store, recomputations }
  const notesOf = (persons: { pseudonym: string }[]) =>
    findNotes(
      documents,
      persons.map(({ pseudonym }) => pseudonym),
    )
  return {
    windows: openWindows({ ...deps, store, recomputations }),
    watermarks: openWatermarks(documents),
    noted: {
      begin: async persons => beginDays(recomputing, await notesOf(persons)),
      hasPassed: ends => log.hasPassed(group, ends),
      compute: begun => computeDays(recomputing, begun),
      end: async persons => deleteNotes(documents, await notesOf(persons)),
    },
    recomputeNoted: passes => recomputeNoted(recomputing, passes),
  }
}
