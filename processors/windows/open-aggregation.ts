// Everything that declared aggregates take, over the stores: what the pipeline adds events with, and what computes
// windows anew.

import type { Catalogue } from '../../governance/contract/catalogue.ts'
import type { KeyRing } from '../../governance/subjects/key-ring.ts'
import type { NotedWindows } from '../../governance/subjects/recompute.ts'
import { RequestWaits } from '../../governance/subjects/running-request.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { EventLog } from '../../storage/event-log/event-log.ts'
import type { Tables } from '../../storage/tables/tables.ts'
import { inBatches } from '../in-batches.ts'
import type { Incarnations } from '../incarnations.ts'
import { untilPassed } from '../until-passed.ts'
import { openWindows, type Windows } from './add-to-windows.ts'
import { openAggregateStore } from './aggregate-store.ts'
import { deleteNotes, findNotes } from './note-days.ts'
import { openRecomputations } from './recomputations.ts'
import { beginDays, computeDays, recomputeNoted, touchedBy } from './recompute-windows.ts'
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
  /** Corrections and events released from restriction; how many days. */
  recomputeNoted(): Promise<number>
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
  /** Whoever comes while a turn is at work shares the next one: a day is computed once for all of them. */
  const recompute = inBatches(async (asked: { pseudonym: string }[][]) => {
    const notes = await notesOf(asked.flat())
    const begun = await beginDays(recomputing, notes)
    if (!(await untilPassed(() => log.hasPassed(group, begun.ends))))
      throw new RequestWaits('it waits until processors have caught up; others go on')
    await computeDays(recomputing, begun)
    await deleteNotes(documents, notes)
    return { notes, begun }
  })

  return {
    windows: openWindows({ ...deps, store, recomputations }),
    watermarks: openWatermarks(documents),
    noted: {
      recompute: async persons => {
        const own = await notesOf(persons)
        const { begun } = await recompute(persons)
        const isOwn = touchedBy(recomputing, own)
        return { days: begun.days.filter(isOwn), frozen: begun.frozen.filter(isOwn) }
      },
    },
    recomputeNoted: () => recomputeNoted(recomputing, untilPassed),
  }
}
