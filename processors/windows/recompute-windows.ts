// Computes anew the windows over days that were noted, in the order that makes it exact: first the days' epochs grow,
// then the log's ends are noted, and once everything before them is handled, each partition is brought to its epoch.

import { topicOf } from '../../governance/contract/topic-of.ts'
import { compileAggregate } from '../../governance/measures/compile-aggregate.ts'
import { windowsOf } from '../../governance/measures/windows-of.ts'
import { dayOf } from '../../storage/aggregate-rows.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { EventLog, LogEnd } from '../../storage/event-log/event-log.ts'
import { fixedWindow } from './add-to-windows.ts'
import { type DayNote, deleteNotes, findNotes } from './note-days.ts'
import type { Recomputations } from './recomputations.ts'
import type { RecomputeDeps } from './recompute-day.ts'

const DAY_MS = 86_400_000

export interface RecomputeWindowsDeps extends RecomputeDeps {
  documents: Pick<Documents, 'find' | 'delete'>
  recomputations: Recomputations
  log: Pick<EventLog, 'ends' | 'hasPassed'>
  /** The consumer group that adds to windows. */
  group: string
}

/** A day of a dataset's windows, and how often it will have been computed anew. */
export interface WindowDay {
  dataset: string
  day: string
  epoch: number
}

export interface Begun {
  days: WindowDay[]
  /** Days whose events the archive may hold no more: their windows stay as they are, until they end. */
  frozen: { dataset: string; day: string }[]
  ends: LogEnd[]
}

/** Nobody adds to rows of before from here on. */
export async function beginDays(deps: RecomputeWindowsDeps, notes: DayNote[]): Promise<Begun> {
  const begun: Begun = { days: [], frozen: [], ends: [] }
  for (const dataset of new Set(notes.map(note => note.dataset))) {
    const touched = new Set(
      notes.filter(note => note.dataset === dataset).flatMap(({ day }) => windowDaysOf(deps, dataset, day)),
    )
    const all = [...touched].sort()
    const days = all.filter(day => !isFrozen(deps, dataset, day))
    begun.frozen.push(...all.filter(day => isFrozen(deps, dataset, day)).map(day => ({ dataset, day })))
    if (days.length === 0) continue
    const epochs = await deps.recomputations.begin(dataset, days)
    begun.days.push(...days.map(day => ({ dataset, day, epoch: epochs.get(day)! })))
  }
  const topics = [...new Set(begun.days.map(({ dataset }) => topicOf(dataset)))]
  return { ...begun, ends: topics.length === 0 ? [] : await deps.log.ends(topics) }
}

/** To be called once the group has passed the ends. Idempotent. */
export async function computeDays(deps: RecomputeWindowsDeps, { days, ends }: Begun): Promise<void> {
  for (const { dataset, day, epoch } of days) {
    const live = ends.filter(({ topic }) => topic === topicOf(dataset))
    for (const { incarnation, partition, offset } of live)
      await deps.recomputations.bring({ dataset, incarnation, partition }, day, epoch, offset)
    // What a topic that was made anew left behind: nobody adds to it any more.
    for (const part of await deps.store.parts(dataset, deps.catalogue.find(dataset)?.aggregates ?? [], day))
      if (!live.some(end => end.incarnation === part.incarnation && end.partition === part.partition))
        await deps.recomputations.bring(part, day, epoch, Number.POSITIVE_INFINITY)
  }
}

/**
 * Notes that are nobody's: what is to be done of them is begun, waited for as long as `passes` says, and done.
 * @returns how many days; what could not be waited for is done another time
 */
export async function recomputeNoted(
  deps: RecomputeWindowsDeps,
  passes: (hasPassed: () => Promise<boolean>) => Promise<boolean>,
): Promise<number> {
  const notes = await findNotes(deps.documents)
  if (notes.length === 0) return 0
  const begun = await beginDays(deps, notes)
  if (!(await passes(() => deps.log.hasPassed(deps.group, begun.ends)))) return 0
  await computeDays(deps, begun)
  await deleteNotes(deps.documents, notes)
  return begun.days.length
}

/** Whether a day of windows is one that these notes are about. */
export function touchedBy(
  deps: RecomputeWindowsDeps,
  notes: DayNote[],
): (each: { dataset: string; day: string }) => boolean {
  const touched = new Set(
    notes.flatMap(note => windowDaysOf(deps, note.dataset, note.day).map(day => `${note.dataset} ${day}`)),
  )
  return ({ dataset, day }) => touched.has(`${dataset} ${day}`)
}

/** The days on which windows began that an event of this day may be in. */
function windowDaysOf({ catalogue }: RecomputeWindowsDeps, dataset: string, day: string): string[] {
  const [startMs, endMs] = [Date.parse(day), Date.parse(day) + DAY_MS]
  const days = new Set<string>()
  for (const compiled of (catalogue.find(dataset)?.aggregates ?? []).map(compileAggregate)) {
    const window = fixedWindow(compiled)
    if (!window) continue
    const first = windowsOf(window, startMs)[0] ?? startMs
    const last = windowsOf(window, endMs - 1).at(-1) ?? first
    for (let ms = Date.parse(dayOf(first)); ms <= last; ms += DAY_MS) days.add(dayOf(ms))
  }
  return [...days]
}

function isFrozen({ catalogue, now }: RecomputeWindowsDeps, dataset: string, day: string): boolean {
  const eventsMs = catalogue.find(dataset)?.retentionMs.events
  return eventsMs !== undefined && Date.parse(day) + eventsMs <= now()
}
