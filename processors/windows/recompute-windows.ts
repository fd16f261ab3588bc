// Computes anew the windows over days that were noted, in the order that makes it exact: first the days' epochs grow,
// then the log's ends are noted, and once everything before them is handled, each partition is brought to its epoch.

import { topicOf } from '../../governance/contract/topic-of.ts'
import type { WindowSpec } from '../../governance/measures/windows-of.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { EventLog, LogEnd } from '../../storage/event-log/event-log.ts'
import { type DayNote, deleteNotes, findNotes } from './note-days.ts'
import { nameOf, type Part, windowDaysOf } from './places-of.ts'
import type { Recomputations, WindowDay } from './recomputations.ts'
import type { RecomputeDeps } from './recompute-day.ts'

export interface RecomputeWindowsDeps extends RecomputeDeps {
  documents: Pick<Documents, 'find' | 'delete'>
  recomputations: Recomputations
  log: Pick<EventLog, 'ends' | 'hasPassed'>
  /** The consumer group that adds to windows. */
  group: string
}

export interface Begun {
  days: WindowDay[]
  ends: LogEnd[]
}

/** Nobody adds to rows of before from here on. */
export async function beginDays(deps: RecomputeWindowsDeps, notes: DayNote[]): Promise<Begun> {
  const begun: WindowDay[] = []
  for (const [dataset, days] of await touchedDays(deps, notes)) {
    if (days.size === 0) continue
    const epoch = await deps.recomputations.begin(dataset, [...days])
    begun.push(...[...days].sort().map(day => ({ dataset, day, epoch })))
  }
  return { days: begun, ends: await endsOf(deps, begun) }
}

/** The days on which windows begin that events of the noted days may be in, by dataset. */
export async function touchedDays(deps: RecomputeWindowsDeps, notes: DayNote[]): Promise<Map<string, Set<string>>> {
  const touched = new Map<string, Set<string>>()
  for (const [dataset, noted] of Map.groupBy(notes, note => note.dataset)) {
    const windows = await windowsOf(deps, dataset)
    touched.set(dataset, new Set(noted.flatMap(({ day }) => windows.flatMap(window => windowDaysOf(window, day)))))
  }
  return touched
}

/** Nobody adds to what is not live. */
async function endsOf({ catalogue, log }: RecomputeWindowsDeps, days: WindowDay[]): Promise<LogEnd[]> {
  const live = new Set(days.map(({ dataset }) => dataset).filter(dataset => catalogue.find(dataset)))
  return live.size === 0 ? [] : log.ends([...live].map(topicOf))
}

/**
 * To be called once the group has passed the ends. Idempotent.
 * @returns days on which windows were left as they were: the archive may hold their events no more
 */
export async function computeDays(
  deps: RecomputeWindowsDeps,
  { days, ends }: Begun,
): Promise<{ dataset: string; day: string }[]> {
  const left: { dataset: string; day: string }[] = []
  for (const { dataset, day, epoch } of days) {
    const live = ends
      .filter(({ topic }) => topic === topicOf(dataset))
      .map(({ incarnation, partition, offset }) => ({ part: { dataset, incarnation, partition }, offset }))
    const names = new Set(live.map(({ part }) => nameOf(part)))
    // What a topic that was made anew, or is not live any more, left behind: nobody adds to it.
    const dead = (await partsWithRows(deps, dataset, day)).filter(part => !names.has(nameOf(part)))
    let isLeft = false
    for (const { part, offset } of [...live, ...dead.map(part => ({ part, offset: Number.POSITIVE_INFINITY }))])
      if (await deps.recomputations.bring(part, day, epoch, offset)) isLeft = true
    if (isLeft) left.push({ dataset, day })
  }
  for (const [dataset, computed] of Map.groupBy(days, each => each.dataset))
    await deps.recomputations.end(dataset, computed)
  return left
}

/**
 * What notes that are nobody's ask for is begun; and whatever was begun, by whomever, is waited for as long as `passes`
 * says, and computed. What could not be waited for goes on at the next call.
 * @returns how many days were computed
 */
export function recomputeNotedOf(deps: RecomputeWindowsDeps) {
  let round: Begun | undefined

  return async (passes: (hasPassed: () => Promise<boolean>) => Promise<boolean>): Promise<number> => {
    if (!round) {
      const notes = await findNotes(deps.documents)
      if (notes.length > 0) await beginDays(deps, notes)
      // Begun, they are not forgotten.
      await deleteNotes(deps.documents, notes)
      const days = await deps.recomputations.pending()
      if (days.length === 0) return 0
      round = { days, ends: await endsOf(deps, days) }
    }
    const { days, ends } = round
    if (!(await passes(() => deps.log.hasPassed(deps.group, ends)))) return 0
    await computeDays(deps, round)
    round = undefined
    return days.length
  }
}

/** Of all aggregates that have rows, or may have. */
async function windowsOf({ catalogue, store }: RecomputeWindowsDeps, dataset: string): Promise<WindowSpec[]> {
  return [...(catalogue.find(dataset)?.aggregates ?? []), ...(await store.known(dataset))].map(({ window }) => window)
}

async function partsWithRows({ store }: RecomputeWindowsDeps, dataset: string, day: string): Promise<Part[]> {
  const found = new Map<string, Part>()
  for (const { aggregate } of await store.known(dataset))
    for await (const page of store.rows(dataset, aggregate, day))
      for (const { part } of page) {
        const at = part.lastIndexOf('/')
        found.set(part, { dataset, incarnation: part.slice(0, at), partition: Number(part.slice(at + 1)) })
      }
  return [...found.values()]
}
