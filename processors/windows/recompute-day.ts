// The windows that begin on one day, computed anew from the archive for one partition of the log: what was erased since
// is in none of them any more. Rows are replaced whole, under the next epoch's write version.

import type { Catalogue } from '../../governance/contract/catalogue.ts'
import { type CompiledAggregate, compileAggregate } from '../../governance/measures/compile-aggregate.ts'
import { endOf, windowsOf } from '../../governance/measures/windows-of.ts'
import type { KeyRing } from '../../governance/subjects/key-ring.ts'
import { dayOf, partOf } from '../../storage/aggregate-rows.ts'
import type { Documents, FindOptions } from '../../storage/documents/documents.ts'
import type { StoredEvent } from '../../storage/stored-shapes.ts'
import { fixedWindow, longestOpenMs } from './add-to-windows.ts'
import type { AggregateStore, Part } from './aggregate-store.ts'
import { addOnce, type GroupRows, type WindowEvent } from './group-rows.ts'

const PAGE = 1_000
const DAY_MS = 86_400_000

export interface RecomputeDeps {
  catalogue: Pick<Catalogue, 'find'>
  documents: Pick<Documents, 'find'>
  store: AggregateStore
  ring: Pick<KeyRing, 'windowKey'>
  maxGroups: number
  now: () => number
}

export interface PartDay {
  part: Part
  /** `2026-11-21`, UTC. */
  day: string
  epoch: number
  /** Only records before this offset. */
  before: number
}

/** Idempotent. */
export async function recomputeDay(deps: RecomputeDeps, partDay: PartDay): Promise<void> {
  const { part, day, epoch } = partDay
  const aggregates = deps.catalogue.find(part.dataset)?.aggregates ?? []
  const key = await deps.ring.windowKey(part.dataset, day, epoch, longestOpenMs(aggregates))
  for (const compiled of aggregates.map(compileAggregate)) {
    const window = fixedWindow(compiled)
    if (!window) continue
    const windows = new Map<number, GroupRows>()
    for await (const event of archivedEvents(deps, partDay, endOf(window, 0))) {
      const group = compiled.groupOf(event.event)
      if (group === undefined) continue
      for (const startMs of windowsOf(window, event.timeMs)) {
        if (dayOf(startMs) !== day) continue
        const rows = windows.get(startMs) ?? new Map()
        windows.set(startMs, rows)
        const isLate = endOf(window, startMs) + compiled.aggregate.latenessMs <= event.watermarkMs
        addOnce(rows, group, event, isLate, { compiled, key, epoch, maxGroups: deps.maxGroups })
      }
    }
    await replace(deps, partDay, compiled, windows)
  }
}

/** The partition's effective events whose windows may begin that day, by time. */
async function* archivedEvents(
  { documents }: RecomputeDeps,
  { part, day, before }: PartDay,
  sizeMs: number,
): AsyncGenerator<WindowEvent> {
  const from = Date.parse(day)
  const time = { from: new Date(from).toISOString(), before: new Date(from + DAY_MS + sizeMs).toISOString() }
  let after: FindOptions['after']
  for (;;) {
    const page = await documents.find('events', {
      where: { dataset: part.dataset, time },
      sort: { by: 'time', order: 'ascending' },
      limit: PAGE,
      ...(after && { after }),
    })
    for (const { body } of page) {
      const event = body as unknown as StoredEvent
      const { position, held, rectifiedBy } = event
      const isOfPart = partOf(position) === partOf(part) && position.offset < before
      if (isOfPart && held === 0 && typeof rectifiedBy !== 'string') yield toWindowEvent(event)
    }
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    after = { value: last.body.time as string, id: last.id }
  }
}

/** As it is archived. */
export function toWindowEvent({ position, time, receivedAt, watermark, subject, event }: StoredEvent): WindowEvent {
  const { offset } = position
  const watermarkMs = typeof watermark === 'number' ? watermark : Number.NEGATIVE_INFINITY
  return { offset, timeMs: Date.parse(time), receivedAtMs: Date.parse(receivedAt), watermarkMs, subject, event }
}

async function replace(
  { store }: RecomputeDeps,
  { part, day, epoch, before }: PartDay,
  compiled: CompiledAggregate,
  windows: ReadonlyMap<number, GroupRows>,
): Promise<void> {
  const former = await store.list(part, compiled, day)
  const formerOffset = Math.max(0, ...former.map(({ offset }) => offset))
  // What comes next is added to these rows: they say that everything before it was.
  const offsetOf = (offset: number) =>
    Number.isFinite(before) ? Math.max(0, before - 1) : Math.max(offset, formerOffset)
  const written = [...windows].flatMap(([startMs, rows]) =>
    [...rows].map(([group, row]) => ({
      window: { part, compiled, startMs },
      group,
      row: { ...row, offset: offsetOf(row.offset) },
    })),
  )
  const removed = former
    .filter(({ window, group }) => !windows.get(window)?.has(group))
    .map(({ window, group }) => ({ window: { part, compiled, startMs: window }, group, epoch, offset: offsetOf(0) }))
  await store.write(written)
  await store.remove(removed)
}
