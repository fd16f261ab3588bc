// Declared aggregates over event time: each batch's events are added to the windows they lie in, and the rows that
// changed are written, whole, with the offset they include. A row never counts an event twice, so a batch may come again;
// what memory holds is only a copy of what stands in the tables.

import type { Aggregate } from '../../governance/contract/aggregate.ts'
import type { Catalogue } from '../../governance/contract/catalogue.ts'
import { compileAggregate } from '../../governance/measures/compile-aggregate.ts'
import type { KeyRing } from '../../governance/subjects/key-ring.ts'
import type { WindowKey } from '../../governance/subjects/window-keys.ts'
import { dayOf } from '../../storage/aggregate-rows.ts'
import { type AggregateStore, keyOf, type RowToWrite } from './aggregate-store.ts'
import { addInOrder, type GroupRows } from './group-rows.ts'
import { nameOf, type Part, type PartWindow, type Place, placesOf, reachOf, type WindowEvent } from './places-of.ts'
import type { Recomputations } from './recomputations.ts'

/** Windows read at once. */
const READS_AT_ONCE = 16
/** Characters of a row's state: a longer one counts in memory as several rows. */
const ROW_SIZE = 4_096

export interface WindowsDeps {
  catalogue: Pick<Catalogue, 'find'>
  store: AggregateStore
  recomputations: Recomputations
  ring: Pick<KeyRing, 'windowKey'>
  /** Groups of one window in one partition, and rows kept in memory between batches. */
  maxGroups: number
  maxRows: number
}

export interface BatchRange {
  from: number
  next: number
}

export interface Added {
  /** How many came too late for some window. */
  late: number
  /** The days they were added to, and to which recomputation of each. */
  epochs: ReadonlyMap<string, number>
}

export interface Windows {
  /**
   * Adds one batch's effective events, in the log's order. Idempotent.
   * @param batch its first offset, before which everything was added, and the one after its last
   */
  add(part: Part, batch: BatchRange, events: WindowEvent[]): Promise<Added>
}

interface OpenWindow extends PartWindow {
  day: string
  epoch: number
  rows: GroupRows
  /** In rows of `ROW_SIZE`. */
  size: number
}

/** What memory holds of a partition: its windows, those used last at the end. */
interface OpenPart {
  /** The offset after the last batch: another one means that somebody else had the partition meanwhile. */
  nextOffset: number
  windows: Map<string, OpenWindow>
}

/** A window that events of a batch lie in. */
interface Touched extends PartWindow {
  name: string
  day: string
  events: { event: WindowEvent; place: Place }[]
}

export function openWindows(deps: WindowsDeps): Windows {
  const parts = new Map<string, OpenPart>()

  return {
    add: async (part, batch, events) => {
      const name = nameOf(part)
      const known = parts.get(name)
      const windows = known?.nextOffset === batch.from ? known.windows : new Map<string, OpenWindow>()
      // Should anything fail, the tables are read again.
      parts.delete(name)
      const added = await addBatch(deps, part, batch, events, windows)
      parts.set(name, { nextOffset: batch.next, windows })
      evict(parts, deps.maxRows)
      return added
    },
  }
}

async function addBatch(
  deps: WindowsDeps,
  part: Part,
  { from }: BatchRange,
  events: WindowEvent[],
  windows: Map<string, OpenWindow>,
): Promise<Added> {
  const aggregates = deps.catalogue.find(part.dataset)?.aggregates ?? []
  const touched = touch(part, aggregates, events)
  const days = new Set(touched.map(({ day }) => day))
  if (days.size === 0) return { late: 0, epochs: new Map() }
  const epochs = await bringDays(deps, part, from, days, windows)
  await openMissing(deps, touched, epochs, windows)
  const keys = await keysOf(deps, part.dataset, aggregates, touched, epochs)
  let late = 0
  const changed: RowToWrite[] = []
  for (const { name, day, compiled, events } of touched) {
    const open = windows.get(name)!
    // Used last: at the end.
    windows.delete(name)
    windows.set(name, open)
    const context = { compiled, key: keys.get(day), epoch: open.epoch, maxGroups: deps.maxGroups }
    const groups = new Set<string>()
    for (const { event, place } of events) {
      if (place.isLate) late++
      const group = addInOrder(open.rows, event, place, context)
      if (group !== undefined) groups.add(group)
    }
    for (const group of groups) changed.push({ window: open, group, row: open.rows.get(group)! })
  }
  await deps.store.write(changed)
  for (const { name } of touched) {
    const open = windows.get(name)!
    open.size = sizeOf(open.rows)
  }
  return { late, epochs }
}

function touch(part: Part, aggregates: Aggregate[], events: WindowEvent[]): Touched[] {
  const touched = new Map<string, Touched>()
  for (const compiled of aggregates.map(compileAggregate)) {
    const key = keyOf(compiled)
    for (const event of events)
      for (const place of placesOf(compiled, event)) {
        const { startMs, person } = place
        const name = person === undefined ? `${key} ${startMs}` : `${key} ${startMs} ${person}`
        let window = touched.get(name)
        if (!window) {
          window = { name, part, compiled, startMs, day: dayOf(startMs), events: [], ...(person && { person }) }
          touched.set(name, window)
        }
        window.events.push({ event, place })
      }
  }
  return [...touched.values()]
}

/** Days that are to be computed anew are, before anything is added to them. @returns the epochs of all days touched */
async function bringDays(
  { recomputations }: WindowsDeps,
  part: Part,
  from: number,
  days: ReadonlySet<string>,
  windows: Map<string, OpenWindow>,
): Promise<Map<string, number>> {
  const asked = await recomputations.epochsOf(part.dataset)
  const epochs = new Map([...days].map(day => [day, asked.get(day) ?? 0]))
  for (const [day, epoch] of epochs) if (epoch > 0) await recomputations.bring(part, day, epoch, from)
  // Whoever computed the day anew, what memory holds of it is of before.
  for (const [name, { day, epoch }] of windows) if ((asked.get(day) ?? 0) !== epoch) windows.delete(name)
  return epochs
}

async function openMissing(
  { store }: WindowsDeps,
  touched: Touched[],
  epochs: ReadonlyMap<string, number>,
  windows: Map<string, OpenWindow>,
): Promise<void> {
  const missing = touched.filter(({ name }) => !windows.has(name))
  for (let i = 0; i < missing.length; i += READS_AT_ONCE)
    await Promise.all(
      missing.slice(i, i + READS_AT_ONCE).map(async ({ events: _, name, ...window }) => {
        const epoch = epochs.get(window.day)!
        windows.set(name, { ...window, epoch, rows: await store.read(window, epoch), size: 0 })
      }),
    )
}

/** Days to which events come too late need no key. */
async function keysOf(
  { ring }: WindowsDeps,
  dataset: string,
  aggregates: Aggregate[],
  touched: Touched[],
  epochs: ReadonlyMap<string, number>,
): Promise<Map<string, WindowKey>> {
  const openMs = longestOpenMs(aggregates)
  const days = new Set(touched.flatMap(({ day, events }) => (events.every(({ place }) => place.isLate) ? [] : day)))
  const keys = [...days].map(async day => [day, await ring.windowKey(dataset, day, epochs.get(day)!, openMs)] as const)
  return new Map(await Promise.all(keys))
}

/** How long after a day's end windows that began on it may still take events. */
export function longestOpenMs(aggregates: Aggregate[]): number {
  return Math.max(0, ...aggregates.map(({ window, latenessMs }) => reachOf(window) + latenessMs))
}

function sizeOf(rows: GroupRows): number {
  let size = 0
  for (const row of rows.values()) size += Math.max(1, Math.ceil(row.size / ROW_SIZE))
  return size
}

/** Until memory holds no more than it may: first windows that were not used for long. */
function evict(parts: Map<string, OpenPart>, maxRows: number): void {
  let total = 0
  for (const { windows } of parts.values()) for (const { size } of windows.values()) total += size
  for (const { windows } of parts.values())
    for (const [name, { size }] of windows) {
      if (total <= maxRows) return
      total -= size
      windows.delete(name)
    }
}
