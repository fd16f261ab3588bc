// Everything that declared aggregates take, over the stores: what the pipeline adds events with, and what computes
// windows anew.

import type { Catalogue } from '../../governance/contract/catalogue.ts'
import type { AskedPerson } from '../../governance/subjects/find-asked.ts'
import type { KeyRing } from '../../governance/subjects/key-ring.ts'
import type { NotedWindows } from '../../governance/subjects/recompute.ts'
import { RequestWaits } from '../../governance/subjects/running-request.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { EventLog, LogEnd } from '../../storage/event-log/event-log.ts'
import type { Tables } from '../../storage/tables/tables.ts'
import { inBatches } from '../in-batches.ts'
import { untilPassed } from '../until-passed.ts'
import { type BatchRange, openWindows } from './add-to-windows.ts'
import { openAggregateStore } from './aggregate-store.ts'
import { deleteNotes, findNotes } from './note-days.ts'
import type { Part, WindowEvent } from './places-of.ts'
import { openRecomputations } from './recomputations.ts'
import { type Begun, beginDays, computeDays, recomputeNotedOf, touchedDays } from './recompute-windows.ts'
import { openWatermarks, type Watermark, type Watermarks } from './watermarks.ts'

export interface AggregationDeps {
  tables: Pick<Tables, 'ensureTable' | 'read' | 'upsert' | 'remove' | 'scrub'>
  documents: Documents
  log: Pick<EventLog, 'ends' | 'hasPassed'>
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
  watermarks: Pick<Watermarks, 'over'>
  /**
   * Adds one batch's effective events, archived with their watermarks, in the log's order. Idempotent.
   * @param reached the batch's own watermark
   * @returns how many came too late for some window
   */
  add(part: Part, batch: BatchRange, reached: Watermark, events: WindowEvent[]): Promise<number>
  /** For erasures: all steps of `noted`, shared by those that wait. */
  erased: NotedWindows
  noted: RecomputeSteps
  /** Corrections and events released from restriction: see `recomputeNotedOf`. */
  recomputeNoted(passes: (hasPassed: () => Promise<boolean>) => Promise<boolean>): Promise<number>
}

/** Windows over days on which holders removed events of persons, computed anew step by step. */
export interface RecomputeSteps {
  /** From here on, whoever adds to those windows computes them anew first. */
  begin(persons: AskedPerson[]): Promise<Begun>
  /** Whether everything before these ends was added. */
  hasPassed(ends: LogEnd[]): Promise<boolean>
  /**
   * To be called then. Idempotent.
   * @returns days on which windows were left as they were until they end: the archive may hold their events no more
   */
  compute(begun: Begun): Promise<{ dataset: string; day: string }[]>
  /** Makes sure that nothing of these persons is left in the tables' own files, and forgets what was noted of them. */
  end(persons: AskedPerson[], begun: Begun): Promise<void>
}

export function openAggregation(deps: AggregationDeps): Aggregation {
  const { documents, log, group, catalogue } = deps
  const store = openAggregateStore(deps)
  const watermarks = openWatermarks(documents)
  const longestRetentionMs = (dataset: string) =>
    Math.max(0, ...(catalogue.find(dataset)?.aggregates ?? []).map(({ retentionMs }) => retentionMs))
  const recomputations = openRecomputations({ ...deps, store, watermarks, longestRetentionMs })
  const windows = openWindows({ ...deps, store, recomputations })
  const recomputing = { ...deps, store, recomputations }
  const pseudonymsOf = (persons: { pseudonym: string }[]) => persons.map(({ pseudonym }) => pseudonym)

  /** Whoever computes a day anew does not know of events that were added to rows of before: they are added again. */
  async function isCurrent(dataset: string, epochs: ReadonlyMap<string, number>): Promise<boolean> {
    if (epochs.size === 0) return true
    const asked = await recomputations.epochsOf(dataset)
    return [...epochs].every(([day, epoch]) => (asked.get(day) ?? 0) === epoch)
  }

  const noted: RecomputeSteps = {
    begin: async persons => beginDays(recomputing, await findNotes(documents, pseudonymsOf(persons))),
    hasPassed: ends => log.hasPassed(group, ends),
    compute: begun => computeDays(recomputing, begun),
    end: async (persons, { days }) => {
      const pseudonyms = pseudonymsOf(persons)
      const needles = await needlesOf(
        pseudonyms,
        days.map(({ dataset }) => dataset),
      )
      if (needles?.length !== 0) await deps.tables.scrub(needles)
      await deleteNotes(documents, await findNotes(documents, pseudonyms))
    },
  }

  /** Whoever comes while a turn is at work shares the next one: a day is computed once for all of them. */
  const recompute = inBatches(async (asked: AskedPerson[][]) => {
    const persons = asked.flat()
    const begun = await noted.begin(persons)
    if (!(await untilPassed(() => noted.hasPassed(begun.ends))))
      throw new RequestWaits('it waits until processors have caught up; others go on')
    const left = await noted.compute(begun)
    await noted.end(persons, begun)
    return { days: begun.days, left }
  })

  return {
    watermarks,
    add: async (part, batch, reached, events) => {
      for (;;) {
        const { late, epochs } = await windows.add(part, batch, events)
        await watermarks.keep(part, batch, reached)
        // Looked at last: what is begun from here on knows that everything before `batch.next` is archived.
        if (await isCurrent(part.dataset, epochs)) return late
      }
    },
    erased: {
      recompute: async persons => {
        const own = await touchedDays(recomputing, await findNotes(documents, pseudonymsOf(persons)))
        const { days, left } = await recompute(persons)
        const isOwn = ({ dataset, day }: { dataset: string; day: string }) => own.get(dataset)?.has(day) === true
        return { days: days.filter(isOwn), frozen: left.filter(isOwn) }
      },
    },
    noted,
    recomputeNoted: recomputeNotedOf(recomputing),
  }

  /** What rows of single persons held of them: pseudonyms, and tokens, which nobody knows any more (undefined). */
  async function needlesOf(pseudonyms: string[], datasets: string[]): Promise<string[] | undefined> {
    const known = (await Promise.all([...new Set(datasets)].map(store.known))).flat()
    const personal = known.filter(({ perPerson }) => perPerson)
    if (personal.some(({ window }) => !('session' in window))) return undefined
    return personal.length > 0 ? pseudonyms : []
  }
}
