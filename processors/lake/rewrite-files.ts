// What all have in common who write files of a dataset anew: the fence that ends what began before, the way through all
// files, and the swap of one for others.

import { isDeepStrictEqual } from 'node:util'
import type { Documents } from '../../storage/documents/documents.ts'
import type { Lake } from '../../storage/lake/lake.ts'
import { type ColumnKind, type LakeManifest, type ManifestFile, readManifest } from '../../storage/lake-manifest.ts'
import { eventDocumentId } from '../../storage/stored-shapes.ts'
import { changeManifest } from './change-manifest.ts'
import { bornAtMs, deleteFiles, FileGone, GRACE_MS } from './lake-files.ts'

const PAGE = 500

export interface RewriteDeps {
  lake: Lake
  documents: Pick<Documents, 'getAll'>
  now: () => number
}

/**
 * What was begun before is not finished after this. Held events that are in no archive any more are waited for no
 * longer. @returns false where the lake holds nothing of the dataset
 */
export async function raiseFence({ lake, documents }: RewriteDeps, dataset: string): Promise<boolean> {
  const held = (await readManifest(lake, dataset))?.manifest.held
  if (!held) return false
  const ended = new Set<string>()
  for (let at = 0; at < held.length; at += PAGE) {
    const page = held.slice(at, at + PAGE)
    const found = await documents.getAll(
      'events',
      page.map(({ id }) => eventDocumentId(dataset, id)),
    )
    for (const [i, { id }] of page.entries()) if (!found[i]) ended.add(id)
  }
  await changeManifest(lake, dataset, manifest => ({
    ...manifest,
    fence: manifest.fence + 1,
    held: manifest.held.filter(({ id }) => !ended.has(id)),
  }))
  return true
}

/** Goes through every file that the manifest names, also those that come meanwhile. @param work says whether it stays */
export async function walkFiles(
  lake: Pick<Lake, 'get'>,
  dataset: string,
  work: (manifest: LakeManifest, file: ManifestFile) => Promise<boolean>,
): Promise<void> {
  const done = new Set<string>()
  for (;;) {
    const manifest = (await readManifest(lake, dataset))?.manifest
    const file = manifest?.files.find(({ path }) => !done.has(path))
    if (!manifest || !file) return
    try {
      if (await work(manifest, file)) done.add(file.path)
    } catch (error) {
      // Replaced by somebody else meanwhile; else it is missing, and would be come upon without end.
      const stored = error instanceof FileGone ? await readManifest(lake, dataset) : undefined
      if (!stored || stored.manifest.files.some(({ path }) => path === file.path)) throw error
    }
  }
}

/** Swaps a file for others and deletes it. @returns false, and deletes these, where it was not named any more */
export async function replaceFile(
  { lake, now }: Pick<RewriteDeps, 'lake' | 'now'>,
  manifest: LakeManifest,
  old: ManifestFile,
  { files, kinds }: { files: ManifestFile[]; kinds: Record<string, ColumnKind> },
): Promise<boolean> {
  const changed = await changeManifest(lake, manifest.dataset, current => {
    // After the grace they may have been swept as files that nobody names.
    if (files.some(({ path }) => bornAtMs(path) <= now() - GRACE_MS / 2)) return undefined
    if (!current.files.some(({ path }) => path === old.path)) return undefined
    const columns = { ...kinds, ...current.columns }
    if (!isDeepStrictEqual(columns, { ...current.columns, ...kinds })) return undefined
    return { ...current, columns, files: [...current.files.filter(({ path }) => path !== old.path), ...files] }
  })
  const deletable = changed ? [old] : files
  await deleteFiles(
    lake,
    deletable.map(({ path }) => path),
  )
  return changed !== undefined
}
