// Takes persons out of a dataset's files: each file that holds one of them is written anew without, and the old one
// deleted. First the manifest's fence is raised, so that nothing that was begun before they were erased is finished
// after: what is written from then on is without them.

import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ContractFinder } from '../../governance/contract/find-contract.ts'
import { type LakeManifest, type ManifestFile, readManifest } from '../../storage/lake-manifest.ts'
import { deleteFiles, FileGone, openFile, openWhole, putFile, unlistedFiles } from './lake-files.ts'
import { envelopeColumns } from './lake-table.ts'
import { leaveOut, personsOf } from './leave-out.ts'
import { type OpenParquet, writeParquet } from './parquet.ts'
import { type RewriteDeps, raiseFence, replaceFile, walkFiles } from './rewrite-files.ts'

/** Columns that say whom a row is about. */
const WHO = ['subject', 'others']

export interface RemovePersonsDeps extends RewriteDeps {
  contracts: Pick<ContractFinder, 'find'>
}

/** Rows by the pseudonyms of those they are about. */
export type RowsOfPersons = Map<string, number>

/** Which of these pseudonyms are those of persons to be taken out. */
export type FindGone = (pseudonyms: string[]) => Promise<ReadonlySet<string>>

/**
 * They must be known as erased before this is called. Idempotent.
 * @returns the rows that were removed or redacted
 */
export async function removePersons(
  deps: RemovePersonsDeps,
  dataset: string,
  findGone: FindGone,
): Promise<RowsOfPersons> {
  const touched: RowsOfPersons = new Map()
  if (!(await raiseFence(deps, dataset))) return touched
  await walkFiles(deps.lake, dataset, async (manifest, file) => {
    const gone = await goneIn(await openFile(deps.lake, file), findGone)
    if (gone.size > 0) addRows(touched, await rewriteFile(deps, manifest, file, gone))
    return gone.size === 0
  })
  await deleteUnlisted(deps, dataset, findGone)
  return touched
}

/** The rows of these persons in all files: also in those that no manifest names. */
export async function countPersons(
  { lake }: Pick<RemovePersonsDeps, 'lake'>,
  dataset: string,
  findGone: FindGone,
): Promise<RowsOfPersons> {
  const found: RowsOfPersons = new Map()
  const manifest = (await readManifest(lake, dataset))?.manifest
  if (!manifest) return found
  const listed = manifest.files.map(file => () => openFile(lake, file))
  const unlisted = (await unlistedFiles(lake, manifest)).map(path => () => openWhole(lake, path))
  for (const open of [...listed, ...unlisted]) {
    const rows = await open().then(
      file => countIn(file, findGone),
      error => {
        if (error instanceof FileGone) return []
        throw error
      },
    )
    addRows(found, rows)
  }
  return found
}

async function goneIn(file: OpenParquet, findGone: FindGone): Promise<ReadonlySet<string>> {
  const gone = new Set<string>()
  for await (const rows of file.groups(WHO))
    for (const person of await findGone([...new Set(rows.flatMap(personsOf))])) gone.add(person)
  return gone
}

function addRows(rows: RowsOfPersons, persons: string[]): void {
  for (const person of persons) rows.set(person, (rows.get(person) ?? 0) + 1)
}

/** The person of each row that is about one of them. */
async function countIn(file: OpenParquet, findGone: FindGone): Promise<string[]> {
  const found: string[] = []
  for await (const rows of file.groups(WHO)) {
    const gone = await findGone([...new Set(rows.flatMap(personsOf))])
    if (gone.size > 0) found.push(...rows.flatMap(personsOf).filter(person => gone.has(person)))
  }
  return found
}

/** @returns the person of each row that was removed or redacted; none if the file was replaced by somebody else meanwhile */
async function rewriteFile(
  deps: RemovePersonsDeps,
  manifest: LakeManifest,
  old: ManifestFile,
  gone: ReadonlySet<string>,
): Promise<string[]> {
  const { lake, contracts } = deps
  const { dataset } = manifest
  const kinds = { ...manifest.columns }
  const source = await openWhole(lake, old.path)
  const columns = source.columns.map(name => [name, kinds[name]!] as const)
  const file = writeParquet(new Map([...Object.entries(envelopeColumns), ...columns]))
  const touched: string[] = []
  for await (const rows of source.groups()) {
    const left = await leaveOut(contracts, rows, gone, kinds)
    touched.push(...left.touched)
    await file.add(left.rows)
    await nextTurn()
  }
  const written = file.rows() > 0 ? [await putFile(deps, dataset, old.date, file)] : []
  const isReplaced = await replaceFile(deps, manifest, old, { files: written, kinds })
  return isReplaced ? touched : []
}

/**
 * Files that were replaced, and such as a process that died left. One that holds an erased person can be named by no
 * manifest any more: whoever wrote it began before the fence was raised.
 */
async function deleteUnlisted({ lake }: RemovePersonsDeps, dataset: string, findGone: FindGone): Promise<void> {
  const { manifest } = (await readManifest(lake, dataset))!
  for (const path of await unlistedFiles(lake, manifest)) {
    const file = await openWhole(lake, path).catch(error => {
      if (!(error instanceof FileGone)) throw error
    })
    if (file && (await countIn(file, findGone)).length > 0) await deleteFiles(lake, [path])
  }
}
