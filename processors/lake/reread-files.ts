// Brings the lake's rows of a dataset to what the archive holds now, once that was changed in place: protected anew.
// Rows whose events are not archived any more stay as they are.

import { isDeepStrictEqual } from 'node:util'
import { type ColumnKind, type ManifestFile, readManifest } from '../../storage/lake-manifest.ts'
import { eventDocumentId, type StoredEvent } from '../../storage/stored-shapes.ts'
import { deleteFiles, openWhole, putFile } from './lake-files.ts'
import { columnsOf, type LakeRow, toRow } from './lake-table.ts'
import { writeParquet } from './parquet.ts'
import { type RewriteDeps, raiseFence, replaceFile, walkFiles } from './rewrite-files.ts'

/** Documents asked for at a time. */
const PAGE = 500
/** Rows in memory: of a larger file several are made. */
const FILE_ROWS = 50_000

/** Idempotent. @returns how many rows were changed */
export async function rereadFiles(deps: RewriteDeps, dataset: string): Promise<number> {
  if (!(await raiseFence(deps, dataset))) return 0
  let changed = 0
  await walkFiles(deps.lake, dataset, async (manifest, old) => {
    const kinds = { ...manifest.columns }
    const made = await rereadFile(deps, old, kinds)
    if (made.changed > 0) {
      if (await replaceFile(deps, manifest, old, { files: made.files, kinds })) changed += made.changed
      return false
    }
    await deleteFiles(
      deps.lake,
      made.files.map(({ path }) => path),
    )
    return true
  })
  // What compaction left for readers holds values as they were.
  const dropped = (await readManifest(deps.lake, dataset))?.manifest.dropped ?? []
  await deleteFiles(
    deps.lake,
    dropped.map(({ path }) => path),
  )
  return changed

  async function rereadFile(
    { lake, documents }: RewriteDeps,
    old: ManifestFile,
    kinds: Record<string, ColumnKind>,
  ): Promise<{ files: ManifestFile[]; changed: number }> {
    const files: ManifestFile[] = []
    let rows: LakeRow[] = []
    let changed = 0
    const put = async () => {
      const file = writeParquet(columnsOf(rows, kinds))
      await file.add(rows)
      files.push(await putFile(deps, dataset, old.date, file))
      rows = []
    }
    for await (const group of (await openWhole(lake, old.path)).groups()) {
      for (let at = 0; at < group.length; at += PAGE) {
        const page = group.slice(at, at + PAGE)
        const ids = page.map(({ id }) => eventDocumentId(dataset, id as string))
        const found = await documents.getAll('events', ids)
        for (const [i, row] of page.entries()) {
          const event = found[i]?.body as unknown as StoredEvent | undefined
          const now = event && isOf(row, event) ? toRow(event, kinds) : row
          if (!isDeepStrictEqual(valuesOf(now), valuesOf(row))) changed++
          rows.push(now)
        }
      }
      if (rows.length >= FILE_ROWS) await put()
    }
    if (rows.length > 0) await put()
    return { files, changed }
  }
}

/** Whether the row is of the very copy that the archive gave effect. */
function isOf({ incarnation, partition, offset }: LakeRow, { position, held }: StoredEvent): boolean {
  return (
    held === 0 && incarnation === position.incarnation && partition === position.partition && offset === position.offset
  )
}

/** Without the nulls of columns that other rows have. */
function valuesOf(row: LakeRow): LakeRow {
  return Object.fromEntries(Object.entries(row).filter(([, cell]) => cell !== null))
}
