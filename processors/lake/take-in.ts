// Takes records of the log into the lake: which of them have effect, and what they hold, is read from the archive, which
// decides. Files are written first; the manifest then names them and moves its positions in one swap, so that each
// effective event is in the lake once, whoever else is at the same partition, and wherever a process dies.

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ContractFinder } from '../../governance/contract/find-contract.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { Position } from '../../storage/event-log/event-log.ts'
import type { Lake } from '../../storage/lake/lake.ts'
import type { ColumnKind, LakeManifest, ManifestFile } from '../../storage/lake-manifest.ts'
import { eventDocumentId, type StoredEvent } from '../../storage/stored-shapes.ts'
import type { Vault } from '../../storage/vault/vault.ts'
import { changeManifest, ensureManifest } from './change-manifest.ts'
import { deleteFiles, putFile } from './lake-files.ts'
import { columnsOf, type LakeRow, toRow } from './lake-table.ts'
import { leaveOut, personsOf } from './leave-out.ts'
import { writeParquet } from './parquet.ts'

/** Documents asked for at a time. */
const PAGE = 500
/** How often others may be faster. */
const MEETINGS = 20

export interface TakeInDeps {
  lake: Lake
  documents: Pick<Documents, 'getAll'>
  vault: Pick<Vault, 'findErasedPseudonyms'>
  contracts: Pick<ContractFinder, 'find'>
  now: () => number
}

/** Records of a partition that were read, all of them from `from` up to `next` (exclusive). */
export interface ReadRange {
  incarnation: string
  partition: number
  from: number
  next: number
  records: { offset: number; id: string }[]
}

/** An event that may have effect. */
interface Candidate {
  id: string
  position: Position
}

/**
 * Takes in what of these ranges is not in the lake yet, and held events that are held no more.
 * @param maxHeld of these at a time
 * @returns how many rows came; the archive must have handled all of the ranges
 * @throws ManifestWentBack; LakeUnavailable, DocumentsUnavailable, VaultUnavailable
 */
export async function takeIn(
  deps: TakeInDeps,
  dataset: string,
  ranges: ReadRange[],
  maxHeld: number,
): Promise<{ manifest: LakeManifest; rows: number }> {
  for (let meeting = 0; meeting < MEETINGS; meeting++) {
    // Before anybody is looked up: whoever is erased later swaps the manifest later, and this swap fails.
    const { manifest } = await ensureManifest(deps.lake, dataset)
    const left = ranges.map(range => leftOf(range, manifest))
    const looked = manifest.held.slice(0, maxHeld)
    const candidates = [...left.flatMap(candidatesOf), ...looked]
    const isTaken = left.every(range => range.from >= range.next)
    if (isTaken && candidates.length === 0) return { manifest, rows: 0 }

    const kinds = { ...manifest.columns }
    const { rows, held } = await readEffective(deps, dataset, candidates, kinds)
    if (isTaken && held.length === manifest.held.length) return { manifest, rows: 0 }
    const files = await putRows(deps, dataset, rows, kinds)
    const next = { left, files, kinds, held: [...manifest.held.slice(maxHeld), ...held] }
    const changed = await changeManifest(deps.lake, dataset, current => takenIn(current, manifest, next))
    if (changed) return { manifest: changed, rows: rows.length }
    await deleteFiles(
      deps.lake,
      files.map(({ path }) => path),
    )
  }
  throw new Error(`others take events of ${dataset} into the lake all the time`)
}

/** The manifest names less than was taken in before: it was restored from a backup. What is missing is read again. */
export class ManifestWentBack extends Error {
  override name = 'ManifestWentBack'
}

/** From where on the log has to be taken in. */
export function positionIn(manifest: LakeManifest, place: Pick<Position, 'incarnation' | 'partition'>): number {
  return manifest.positions.find(each => isSame(each, place))?.offset ?? 0
}

function leftOf(range: ReadRange, manifest: LakeManifest): ReadRange {
  const from = positionIn(manifest, range)
  if (from < range.from)
    throw new ManifestWentBack(`the lake's manifest of ${manifest.dataset} names less than it did: reading again`)
  return { ...range, from, records: range.records.filter(({ offset }) => offset >= from) }
}

function candidatesOf({ incarnation, partition, records }: ReadRange): Candidate[] {
  return records.map(({ id, offset }) => ({ id, position: { incarnation, partition, offset } }))
}

/** Rows of those that have effect, as the archive holds them now, and those that are held; others are passed by. */
async function readEffective(
  deps: TakeInDeps,
  dataset: string,
  candidates: Candidate[],
  kinds: Record<string, ColumnKind>,
): Promise<{ rows: LakeRow[]; held: Candidate[] }> {
  const rows: LakeRow[] = []
  const held: Candidate[] = []
  for (let at = 0; at < candidates.length; at += PAGE) {
    const page = candidates.slice(at, at + PAGE)
    const ids = page.map(({ id }) => eventDocumentId(dataset, id))
    const documents = await deps.documents.getAll('events', ids)
    const read: LakeRow[] = []
    for (const [i, { id, position }] of page.entries()) {
      const event = documents[i]?.body as unknown as StoredEvent | undefined
      if (!event || !isSame(event.position, position) || event.position.offset !== position.offset) continue
      if (event.held === 1) held.push({ id, position })
      else read.push(toRow(event, kinds))
    }
    const erased = await deps.vault.findErasedPseudonyms([...new Set(read.flatMap(personsOf))])
    rows.push(...(await leaveOut(deps.contracts, read, erased, kinds)).rows)
    await nextTurn()
  }
  return { rows, held }
}

/** One file for each day of reception, in the order of the events' own times. */
async function putRows(
  deps: TakeInDeps,
  dataset: string,
  rows: LakeRow[],
  kinds: Record<string, ColumnKind>,
): Promise<ManifestFile[]> {
  const files: ManifestFile[] = []
  const byDate = Map.groupBy(rows, row => new Date(row.received_at as number).toISOString().slice(0, 10))
  for (const [date, ofDate] of byDate) {
    const file = writeParquet(columnsOf(ofDate, kinds))
    await file.add(ofDate.sort((a, b) => (a.time as number) - (b.time as number)))
    files.push(await putFile(deps, dataset, date, file))
  }
  return files
}

interface Taken {
  left: ReadRange[]
  files: ManifestFile[]
  kinds: Record<string, ColumnKind>
  held: Candidate[]
}

/** Undefined where what was taken in was made from a manifest that is not true any more. */
function takenIn(current: LakeManifest, base: LakeManifest, taken: Taken): LakeManifest | undefined {
  const { left, files, kinds, held } = taken
  if (current.fence !== base.fence) return undefined
  if (left.some(range => positionIn(current, range) !== range.from)) return undefined
  if (JSON.stringify(current.held) !== JSON.stringify(base.held)) return undefined
  if (Object.entries(kinds).some(([name, kind]) => (current.columns[name] ?? kind) !== kind)) return undefined
  const others = current.positions.filter(each => !left.some(range => isSame(range, each)))
  const moved = left.map(({ incarnation, partition, from, next }) => ({
    incarnation,
    partition,
    offset: Math.max(from, next),
  }))
  return {
    ...current,
    files: [...current.files, ...files],
    columns: { ...current.columns, ...kinds },
    positions: [...others, ...moved],
    held,
  }
}

function isSame(
  a: Pick<Position, 'incarnation' | 'partition'>,
  b: Pick<Position, 'incarnation' | 'partition'>,
): boolean {
  return a.partition === b.partition && a.incarnation === b.incarnation
}
