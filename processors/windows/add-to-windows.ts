// Declared aggregates over event time: each batch's events are added to the windows they lie in, and the rows that
// changed are written, whole, with the offset they include. A row never counts an event twice, so a batch may come again;
// what memory holds is only a copy of what stands in the tables.

import type { Aggregate } from '../../governance/contract/aggregate.ts'
import type { Catalogue } from '../../governance/contract/catalogue.ts'
import { type CompiledAggregate, compileAggregate } from '../../governance/measures/compile-aggregate.ts'
import { endOf, type FixedWindow, windowsOf } from '../../governance/measures/windows-of.ts'
import type { KeyRing } from '../../governance/subjects/key-ring.ts'
import type { WindowKey } from '../../governance/subjects/window-keys.ts'
import { dayOf, partOf } from '../../storage/aggregate-rows.ts'
import type { AggregateStore, Part, PartWindow } from './aggregate-store.ts'
import { addInOrder, type GroupRow, type GroupRows, type WindowEvent } from './group-rows.ts'
import type { Recomputations } from './recomputations.ts'

/** Windows read at once. */
const READS_AT_ONCE = 16

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

export interface Windows {
  /**
   * Adds one batch's effective events, in the log's order. Idempotent.
   * @param batch its first offset, before which everything was added, and the one after its last
   * @returns how many came too late for some window
   */
  add(part: Part, batch: BatchRange, events: WindowEvent[]): Promise<number>
}

interface OpenWindow extends PartWindow {
  epoch: number
  rows: GroupRows
}

/** What memory holds of a partition: its windows, those used last at the end. */
interface OpenPart {
  /** The offset after the last batch: another one means that somebody else had the partition meanwhile. */
  nextOffset: number
  windows: Map<string, OpenWindow>
}

export function openWindows(deps: WindowsDeps): Windows {
  const parts = new Map<string, OpenPart>()

  return {
    add: async (part, batch, events) => {
      const name = `${part.dataset} ${partOf(part)}`
      const known = parts.get(name)
      const windows = known?.nextOffset === batch.from ? known.windows : new Map<string, OpenWindow>()
      // Should anything fail, the tables are read again.
      parts.delete(name)
      const late = await addBatch(deps, part, batch, events, windows)
      parts.set(name, { nextOffset: batch.next, windows })
      evict(parts, deps.maxRows)
      return late
    },
  }
}

/** An event in one window of one aggregate. */
interface Placed {
  event: WindowEvent
  group: string
  isLate: boolean
  name: string
  window: PartWindow
}

async function addBatch(
  deps: WindowsDeps,
  part: Part,
  { from }: BatchRange,
  events: WindowEvent[],
  windows: Map<string, OpenWindow>,
): Promise<number> {
  const aggregates = (deps.catalogue.find(part.dataset)?.aggregates ?? []).map(compileAggregate)
  const placed = aggregates.flatMap(compiled => events.flatMap(event => placesOf(part, compiled, event)))
  if (placed.length === 0) return 0
  const epochs = await bringDays(deps, part, from, placed, windows)
  await openMissing(deps, placed, epochs, windows)
  const keys = await keysOf(deps, part.dataset, placed, epochs)
  const changed = new Map<GroupRow, { window: PartWindow; group: string; row: GroupRow }>()
  for (const { event, group, isLate, name, window } of placed) {
    const open = windows.get(name)!
    const { compiled } = window
    const { epoch, rows } = open
    // Used last: at the end.
    windows.delete(name)
    windows.set(name, open)
    const key = keys.get(dayOf(window.startMs))!
    const added = addInOrder(rows, group, event, isLate, { compiled, key, epoch, maxGroups: deps.maxGroups })
    if (added) changed.set(added.row, { window, ...added })
  }
  await deps.store.write([...changed.values()])
  return placed.filter(({ isLate }) => isLate).length
}

/** Sessions are no windows of this kind. */
export function fixedWindow({ aggregate: { window } }: CompiledAggregate): FixedWindow | undefined {
  return 'session' in window ? undefined : window
}

function placesOf(part: Part, compiled: CompiledAggregate, event: WindowEvent): Placed[] {
  const spec = fixedWindow(compiled)
  const group = spec && compiled.groupOf(event.event)
  if (!spec || group === undefined) return []
  const { name: aggregate, latenessMs } = compiled.aggregate
  return windowsOf(spec, event.timeMs).map(startMs => ({
    ...{ event, group, window: { part, compiled, startMs } },
    isLate: endOf(spec, startMs) + latenessMs <= event.watermarkMs,
    name: `${aggregate}@${compiled.identity} ${startMs}`,
  }))
}

/** Days that are to be computed anew are, before anything is added to them. @returns the epochs of all days touched */
async function bringDays(
  { recomputations }: WindowsDeps,
  part: Part,
  from: number,
  placed: Placed[],
  windows: Map<string, OpenWindow>,
): Promise<Map<string, number>> {
  const days = new Set(placed.map(({ window }) => dayOf(window.startMs)))
  const asked = await recomputations.epochsOf(part.dataset)
  const epochs = new Map([...days].map(day => [day, asked.get(day) ?? 0]))
  for (const [day, epoch] of epochs) if (epoch > 0) await recomputations.bring(part, day, epoch, from)
  // Whoever computed the day anew, what memory holds of it is of before.
  for (const [name, { startMs, epoch }] of windows)
    if ((epochs.get(dayOf(startMs)) ?? epoch) !== epoch) windows.delete(name)
  return epochs
}

async function openMissing(
  { store }: WindowsDeps,
  placed: Placed[],
  epochs: ReadonlyMap<string, number>,
  windows: Map<string, OpenWindow>,
): Promise<void> {
  const missing = new Map(placed.filter(({ name }) => !windows.has(name)).map(({ name, window }) => [name, window]))
  const all = [...missing]
  for (let i = 0; i < all.length; i += READS_AT_ONCE)
    await Promise.all(
      all.slice(i, i + READS_AT_ONCE).map(async ([name, window]) => {
        const epoch = epochs.get(dayOf(window.startMs))!
        windows.set(name, { ...window, epoch, rows: await store.read(window) })
      }),
    )
}

async function keysOf(
  { catalogue, ring }: WindowsDeps,
  dataset: string,
  placed: Placed[],
  epochs: ReadonlyMap<string, number>,
): Promise<Map<string, WindowKey>> {
  const openMs = longestOpenMs(catalogue.find(dataset)?.aggregates ?? [])
  const days = new Set(placed.map(({ window }) => dayOf(window.startMs)))
  const keys = [...days].map(async day => [day, await ring.windowKey(dataset, day, epochs.get(day)!, openMs)] as const)
  return new Map(await Promise.all(keys))
}

/** How long after a day's end windows that began on it may still take events. */
export function longestOpenMs(aggregates: Aggregate[]): number {
  return Math.max(
    0,
    ...aggregates.map(({ window, latenessMs }) => ('session' in window ? 0 : endOf(window, 0)) + latenessMs),
  )
}

/** Until memory holds no more rows than it may: first windows that were not used for long. */
function evict(parts: Map<string, OpenPart>, maxRows: number): void {
  let rows = 0
  for (const { windows } of parts.values()) for (const window of windows.values()) rows += window.rows.size
  for (const { windows } of parts.values())
    for (const [name, window] of windows) {
      if (rows <= maxRows) return
      rows -= window.rows.size
      windows.delete(name)
    }
}
