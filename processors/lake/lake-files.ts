// The Parquet files of a dataset: written under names of their own, found, read, and deleted. A file counts once the
// manifest names it; until then, and after it was replaced, it is in nobody's way.

import { randomUUID } from 'node:crypto'
import type { AsyncBuffer } from 'hyparquet'
import type { Lake } from '../../storage/lake/lake.ts'
import { type LakeManifest, lakeFolder, type ManifestFile } from '../../storage/lake-manifest.ts'
import { arrayBufferOf, type OpenParquet, openParquet, type ParquetFile } from './parquet.ts'

const PAGE = 1_000
/** A file of this size is read at once: more requests would cost more. */
const WHOLE_BYTES = 1_048_576
/** How long whoever reads by an earlier manifest, or wrote a file and has not named it yet, is given. */
export const GRACE_MS = 3_600_000
const NAME = /\/(\d+)-[0-9a-f]{8}\.parquet$/

/** Puts a finished file where nobody reads it yet. */
export async function putFile(
  { lake, now }: { lake: Pick<Lake, 'putIfAbsent'>; now: () => number },
  dataset: string,
  date: string,
  file: ParquetFile,
): Promise<ManifestFile> {
  const rows = file.rows()
  const body = await file.finish()
  const path = `${lakeFolder(dataset)}date=${date}/${now()}-${randomUUID().slice(0, 8)}.parquet`
  if ((await lake.putIfAbsent(path, body)) === undefined) throw new Error(`${path} is there already`)
  return { path, date, rows, bytes: body.length }
}

/** When a file began to be there, by its name: ms since the epoch. */
export function bornAtMs(path: string): number {
  return Number(NAME.exec(path)?.[1] ?? 0)
}

export async function deleteFiles(lake: Pick<Lake, 'delete'>, paths: string[]): Promise<void> {
  for (const path of paths) await lake.delete(path)
}

/** Opened without reading more of it than is asked for. @throws Error when it is not there */
export async function openFile(lake: Pick<Lake, 'get' | 'read'>, { path, bytes }: ManifestFile): Promise<OpenParquet> {
  if (bytes <= WHOLE_BYTES) return openWhole(lake, path)
  const source: AsyncBuffer = {
    byteLength: bytes,
    slice: async (start, end = bytes) => {
      const read = await lake.read(path, { start, end })
      if (read?.length !== end - start) throw new FileGone(path)
      return arrayBufferOf(read)
    },
  }
  return openParquet(source)
}

/** Read as a whole. @throws Error when it is not there */
export async function openWhole(lake: Pick<Lake, 'get'>, path: string): Promise<OpenParquet> {
  const file = await lake.get(path)
  if (!file) throw new FileGone(path)
  return openParquet(file.body)
}

/** Files of the dataset that its manifest does not name, the replaced ones among them. */
export async function unlistedFiles(lake: Pick<Lake, 'list'>, manifest: LakeManifest): Promise<string[]> {
  const listed = new Set(manifest.files.map(({ path }) => path))
  const prefix = `${lakeFolder(manifest.dataset)}date=`
  const unlisted: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await lake.list(prefix, { limit: PAGE, ...(after !== undefined && { after }) })
    unlisted.push(...page.filter(path => !listed.has(path)))
    if (page.length < PAGE) return unlisted
    after = page.at(-1)
  }
}

/** A file that was there is not any more: somebody else replaced it meanwhile. */
export class FileGone extends Error {
  override name = 'FileGone'
  constructor(path: string) {
    super(`${path} is gone from the lake`)
  }
}
