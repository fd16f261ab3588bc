// The windows that begin on one day, computed anew from the archive for one partition of the log: what was erased since
// is in none of them any more. Rows are replaced whole, as those of a later epoch; what is left of earlier ones goes.

import type { Catalogue } from '../../governance/contract/catalogue.ts'
import { type CompiledAggregate, compileAggregate } from '../../governance/measures/compile-aggregate.ts'
import { endOf } from '../../governance/measures/windows-of.ts'
import type { KeyRing } from '../../governance/subjects/key-ring.ts'
import type { WindowKey } from '../../governance/subjects/window-keys.ts'
import { dayOf, partOf } from '../../storage/aggregate-rows.ts'
import type { Documents, FindOptions } from '../../storage/documents/documents.ts'
import type { StoredEvent } from '../../storage/stored-shapes.ts'
import { longestOpenMs } from './add-to-windows.ts'
import { type AggregateStore, keyOf, type RowToWrite, toGroupRow } from './aggregate-store.ts'
import { addOnce, type GroupRow, type GroupRows } from './group-rows.ts'
import { type Part, type PartWindow, placesOf, reachOf, type WindowEvent } from './places-of.ts'

const PAGE = 1_000
const DAY_MS = 86_400_000
/** What the archive may lose while it is read counts as lost. */
const MARGIN_MS = 3_600_000

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

/** An aggregate's windows while they are computed. */
interface Computed {
  compiled: CompiledAggregate
  /** Starts of windows with events that the archive may hold no more. */
  frozen: ReadonlySet<number>
  open: Map<string, { window: PartWindow; rows: GroupRows }>
}

/** Idempotent. @returns whether some windows were left as they were */
export async function recomputeDay(deps: RecomputeDeps, partDay: PartDay): Promise<boolean> {
  const { part, day, epoch, before } = partDay
  const aggregates = deps.catalogue.find(part.dataset)?.aggregates ?? []
  const key = await deps.ring.windowKey(part.dataset, day, epoch, longestOpenMs(aggregates))
  const all: Computed[] = []
  for (const compiled of aggregates.map(compileAggregate))
    all.push({ compiled, frozen: await freeze(deps, partDay, compiled), open: new Map() })
  const reachMs = Math.max(0, ...aggregates.map(({ window }) => reachOf(window)))
  if (all.length > 0)
    for await (const page of archivedEvents(deps, partDay, reachMs)) {
      for (const event of page.events) for (const each of all) count(deps, partDay, each, key, event)
      for (const each of all) await writeBefore(deps, partDay, each, page.timeMs)
    }
  for (const each of all) await writeBefore(deps, partDay, each, Number.POSITIVE_INFINITY)
  for (const { aggregate } of await deps.store.known(part.dataset))
    for await (const page of deps.store.rows(part.dataset, aggregate, day)) {
      const stale = page.filter(row => row.part === partOf(part) && row.epoch < epoch)
      await deps.store.remove(stale, epoch, lastOffset(before))
    }
  return all.some(({ frozen }) => frozen.size > 0)
}

/** Windows whose events the archive held for as long as it may stay as they are; but no single person's. */
async function freeze(
  { catalogue, store, now }: RecomputeDeps,
  { part, day, epoch, before }: PartDay,
  compiled: CompiledAggregate,
): Promise<Set<number>> {
  const frozen = new Set<number>()
  const eventsMs = catalogue.find(part.dataset)?.retentionMs.events
  if (compiled.aggregate.perPerson || eventsMs === undefined) return frozen
  const rows = () => store.rows(part.dataset, keyOf(compiled), day)
  for await (const page of rows())
    for (const { part: of, since, window } of page)
      if (of === partOf(part) && since + eventsMs <= now() + MARGIN_MS) frozen.add(window)
  if (frozen.size === 0) return frozen
  for await (const page of rows()) {
    const kept = page.filter(row => row.part === partOf(part) && row.epoch < epoch && frozen.has(row.window))
    const written = kept.map(row => ({
      window: { part, compiled, startMs: row.window },
      group: row.group,
      row: standing(toGroupRow(row), epoch, before),
    }))
    await store.write(written)
  }
  return frozen
}

function count(
  { maxGroups }: RecomputeDeps,
  { part, day, epoch }: PartDay,
  { compiled, frozen, open }: Computed,
  key: WindowKey,
  event: WindowEvent,
): void {
  for (const place of placesOf(compiled, event)) {
    const { startMs, person } = place
    if (dayOf(startMs) !== day || frozen.has(startMs)) continue
    const name = person ?? `${startMs}`
    const known = open.get(name) ?? { window: { part, compiled, startMs, ...(person && { person }) }, rows: new Map() }
    open.set(name, known)
    addOnce(known.rows, event, place, { compiled, key, epoch, maxGroups })
  }
}

/** Windows that no event from this time on is in. */
async function writeBefore(
  { store }: RecomputeDeps,
  { epoch, before }: PartDay,
  { compiled, open }: Computed,
  timeMs: number,
): Promise<void> {
  const { window: spec } = compiled.aggregate
  const written: RowToWrite[] = []
  for (const [name, { window, rows }] of open) {
    const endMs = 'session' in spec ? window.startMs + DAY_MS : endOf(spec, window.startMs)
    if (endMs > timeMs) continue
    for (const [group, row] of rows) written.push({ window, group, row: standing(row, epoch, before) })
    open.delete(name)
  }
  await store.write(written)
}

/** What comes next is added to these rows: they say that everything before it was. */
function standing(row: GroupRow, epoch: number, before: number): GroupRow {
  return { ...row, epoch, offset: Number.isFinite(before) ? lastOffset(before) : row.offset }
}

const lastOffset = (before: number) => (Number.isFinite(before) ? before - 1 : 0)

/** The partition's effective events whose windows may begin that day, in pages, and how far each came. */
async function* archivedEvents(
  { documents }: RecomputeDeps,
  { part, day, before }: PartDay,
  reachMs: number,
): AsyncGenerator<{ events: WindowEvent[]; timeMs: number }> {
  for (const time of timesOf(Date.parse(day), reachMs))
    for (let after: FindOptions['after'] | null; after !== null; ) {
      const page = await documents.find('events', {
        where: { dataset: part.dataset, time },
        sort: { by: 'time', order: 'ascending' },
        limit: PAGE,
        ...(after && { after }),
      })
      const last = page.at(-1)
      if (!last) break
      const stored = page.map(({ body }) => body as unknown as StoredEvent)
      const counted = stored.filter(({ position, held, rectifiedBy }) => {
        const isOfPart = partOf(position) === partOf(part) && position.offset < before
        return isOfPart && held === 0 && typeof rectifiedBy !== 'string'
      })
      yield { events: counted.map(toWindowEvent), timeMs: Date.parse(last.body.time as string) }
      after = page.length < PAGE ? null : { value: last.body.time as string, id: last.id }
    }
}

/** Ranges of times as texts, day by day: texts of two years do not always stand in the order of their times. */
function timesOf(dayMs: number, reachMs: number): { from: string; before: string }[] {
  const endMs = dayMs + DAY_MS + reachMs
  const times: { from: string; before: string }[] = []
  for (let ms = dayMs; ms < endMs; ms += DAY_MS) {
    const day = dayOf(ms)
    // 'U' comes after 'T'.
    times.push({ from: `${day}T`, before: ms + DAY_MS <= endMs ? `${day}U` : new Date(endMs).toISOString() })
  }
  return times
}

/** As it is archived. */
export function toWindowEvent({ position, time, receivedAt, watermark, subject, event }: StoredEvent): WindowEvent {
  const { offset } = position
  const watermarkMs = typeof watermark === 'number' ? watermark : Number.NEGATIVE_INFINITY
  return { offset, timeMs: Date.parse(time), receivedAtMs: Date.parse(receivedAt), watermarkMs, subject, event }
}
