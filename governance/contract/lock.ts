// `schemas/lock.json` remembers the hash of every schema version, so that a version that was ever published cannot be
// changed unseen. Hashes are only ever added.

import { lstat, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import Type from 'typebox'
import { checkShape } from './check-shape.ts'
import { type Diagnostic, formatDiagnostic, type Report, reportInto } from './diagnostic.ts'
import { readFound, readSchemaFiles } from './read-files.ts'
import { parseSource, type SourceFile } from './source-file.ts'

const LOCK_FILE = 'lock.json'

const lockSchema = Type.Record(Type.String(), Type.String({ pattern: '^[0-9a-f]{64}$' }), {
  description: 'Each member is "dataset/version": "hex SHA-256 of the file".',
})

export interface Lock {
  source: SourceFile
  /** `transactions/1-0-0` -> hex SHA-256. Undefined when the file cannot be read: nothing is known then. */
  hashes: Map<string, string> | undefined
}

/** Reads the lock; a file that is not there locks nothing. */
export async function readLock(schemasDir: string, report: Report): Promise<Lock> {
  const path = join(schemasDir, LOCK_FILE)
  const isThere = await lstat(path).then(
    () => true,
    (error: NodeJS.ErrnoException) => error.code !== 'ENOENT',
  )
  const found = isThere ? await readFound(path, report) : undefined
  const source = parseSource(found ?? { path, bytes: Buffer.from('{}'), sha256: '' }, 'json', report)
  const readable =
    (found || !isThere) && source.value !== undefined && checkShape(lockSchema, source, [], source.value, report)
  return { source, hashes: readable ? new Map(Object.entries(source.value as Record<string, string>)) : undefined }
}

/** Compares one version's file with the lock. */
export function checkLock(lock: Lock, dataset: string, version: string, source: SourceFile, report: Report): void {
  if (!lock.hashes) return
  const locked = lock.hashes.get(`${dataset}/${version}`)
  if (locked === undefined) {
    report.warning(source.at(), `version ${version} is not locked yet.`, 'Run `ecluse check --lock`.')
  } else if (locked !== source.sha256) {
    const message = `version ${version} was changed after it was locked; a version never changes.`
    report.error(source.at(), message, 'Restore it and add the next version as a new file.')
  }
}

/** Locked versions of a dataset whose file is gone. */
export function checkMissing(lock: Lock, dataset: string, versions: Iterable<string>, report: Report): void {
  const present = new Set(versions)
  for (const key of lock.hashes?.keys() ?? []) {
    const [name, version] = key.split('/')
    if (name !== dataset || present.has(version!)) continue
    const message = `version ${version} of ${dataset} is locked, and its file is gone.`
    report.error(lock.source.at([key], 'key'), message, 'Restore the file: stored events refer to it.')
  }
}

/**
 * Adds the hashes of versions that are not locked yet; changes none.
 * @param isSound whether a version's file may be locked: one with an error could not be mended afterwards
 * @param registered hashes of sound versions from the registry, by key such as `transactions/1-0-1`
 * @returns what was added, such as `transactions/1-0-1`
 * @throws Error when the lock file is there and cannot be understood, or on I/O errors
 */
export async function lockSchemas(
  schemasDir: string,
  isSound = (_file: string) => true,
  registered: Iterable<[key: string, sha256: string]> = [],
): Promise<string[]> {
  const diagnostics: Diagnostic[] = []
  const { hashes } = await readLock(schemasDir, reportInto(diagnostics))
  if (!hashes) throw new Error(`the lock file is left as it is: ${diagnostics.map(formatDiagnostic).join('\n')}`)
  const found = [...registered]
  for (const [dataset, versions] of (await readSchemaFiles(schemasDir, [])) ?? []) {
    for (const [version, { path, sha256 }] of versions) if (isSound(path)) found.push([`${dataset}/${version}`, sha256])
  }
  const added = found.map(([key]) => key).filter(key => !hashes.has(key))
  for (const [key, sha256] of found) if (!hashes.has(key)) hashes.set(key, sha256)
  if (added.length === 0) return []
  const temporary = join(schemasDir, `.${LOCK_FILE}.${process.pid}`)
  await writeFile(temporary, `${JSON.stringify(Object.fromEntries([...hashes].sort()), null, 2)}\n`)
  await rename(temporary, join(schemasDir, LOCK_FILE))
  return added.sort()
}
