// Keeps a dataset's files in order as time goes by: small ones of a day become one, those beyond retention go, and so
// does, after a while, what no manifest names any more.

import type { Lake } from '../../storage/lake/lake.ts'
import { type LakeManifest, type ManifestFile, readManifest } from '../../storage/lake-manifest.ts'
import { changeManifest } from './change-manifest.ts'
import { bornAtMs, deleteFiles, GRACE_MS, openWhole, putFile, unlistedFiles } from './lake-files.ts'
import { envelopeColumns } from './lake-table.ts'
import { writeParquet } from './parquet.ts'

const DAY_MS = 86_400_000
/** Files are put together up to this size. */
const FULL_BYTES = 64 * 1_048_576
const FULL_ROWS = 500_000
/** Of a day that is not over, so many small files become one; of earlier days, any two. */
const MANY_FILES = 8

export interface KeepFilesDeps {
  lake: Lake
  now: () => number
}

/** Puts small files of a day together, of one day at a time, until none is left to do. @returns how many files went */
export async function compactFiles(deps: KeepFilesDeps, dataset: string, signal: AbortSignal): Promise<number> {
  let replaced = 0
  while (!signal.aborted) {
    const stored = await readManifest(deps.lake, dataset)
    const small = stored && smallFiles(stored.manifest, deps.now())
    if (!stored || !small || !(await putTogether(deps, stored.manifest, small))) break
    replaced += small.length
  }
  return replaced
}

/** Small files of a day which together make one; undefined if there is no such day. */
function smallFiles({ files }: LakeManifest, nowMs: number): ManifestFile[] | undefined {
  const isSmall = ({ bytes, rows }: ManifestFile) => bytes < FULL_BYTES / 2 && rows < FULL_ROWS / 2
  for (const [date, ofDate] of Map.groupBy(files.filter(isSmall), file => file.date)) {
    const isOver = Date.parse(date) + 2 * DAY_MS <= nowMs
    if (ofDate.length < (isOver ? 2 : MANY_FILES)) continue
    const chosen: ManifestFile[] = []
    let left = { bytes: FULL_BYTES, rows: FULL_ROWS }
    for (const file of ofDate) {
      if (file.bytes > left.bytes || file.rows > left.rows) break
      left = { bytes: left.bytes - file.bytes, rows: left.rows - file.rows }
      chosen.push(file)
    }
    if (chosen.length > 1) return chosen
  }
  return undefined
}

/** Whether that was done: not where somebody else changed these files, or a person is being erased. */
async function putTogether(deps: KeepFilesDeps, manifest: LakeManifest, small: ManifestFile[]): Promise<boolean> {
  const { lake } = deps
  const { dataset, fence, columns } = manifest
  const names = new Set(Object.keys(envelopeColumns))
  for (const { path } of small) for (const name of (await openWhole(lake, path)).columns) names.add(name)
  const out = writeParquet(new Map([...names].map(name => [name, columns[name]!])))
  for (const { path } of small) {
    for await (const rows of (await openWhole(lake, path)).groups()) await out.add(rows)
  }
  const written = await putFile(deps, dataset, small[0]!.date, out)
  const paths = new Set(small.map(({ path }) => path))
  const changed = await changeManifest(lake, dataset, current => {
    const others = current.files.filter(({ path }) => !paths.has(path))
    if (current.fence !== fence || others.length !== current.files.length - small.length) return undefined
    const dropped = small.map(({ path }) => ({ path, atMs: deps.now() }))
    return { ...current, files: [...others, written], dropped: [...current.dropped, ...dropped] }
  })
  if (!changed) await deleteFiles(lake, [written.path])
  return changed !== undefined
}

/** Removes the files of days whose last event has reached its end. @returns how many */
export async function endFiles({ lake, now }: KeepFilesDeps, dataset: string, retentionMs: number): Promise<number> {
  const hasEnded = ({ date }: ManifestFile) => Date.parse(date) + DAY_MS + retentionMs <= now()
  if (!(await readManifest(lake, dataset))?.manifest.files.some(hasEnded)) return 0
  let ended: ManifestFile[] = []
  await changeManifest(lake, dataset, manifest => {
    ended = manifest.files.filter(hasEnded)
    return { ...manifest, files: manifest.files.filter(file => !hasEnded(file)) }
  })
  await deleteFiles(
    lake,
    ended.map(({ path }) => path),
  )
  return ended.length
}

/** Deletes what was replaced, or written and never named, longer ago than the grace. @returns how many files */
export async function sweepFiles({ lake, now }: KeepFilesDeps, dataset: string, graceMs = GRACE_MS): Promise<number> {
  const stored = await readManifest(lake, dataset)
  if (!stored) return 0
  const before = now() - graceMs
  const droppedAt = new Map(stored.manifest.dropped.map(({ path, atMs }) => [path, atMs]))
  const unlisted = await unlistedFiles(lake, stored.manifest)
  const ripe = unlisted.filter(path => (droppedAt.get(path) ?? bornAtMs(path)) <= before)
  if (ripe.length === 0 && !stored.manifest.dropped.some(({ atMs }) => atMs <= before)) return 0
  let deletable: string[] = []
  // Whoever wrote one of them and slept since does not name it any more.
  await changeManifest(lake, dataset, manifest => {
    const listed = new Set(manifest.files.map(({ path }) => path))
    deletable = ripe.filter(path => !listed.has(path))
    const dropped = manifest.dropped.filter(({ atMs }) => atMs > before)
    return { ...manifest, dropped, fence: manifest.fence + 1 }
  })
  await deleteFiles(lake, deletable)
  return deletable.length
}
