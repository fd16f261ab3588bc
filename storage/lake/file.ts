// The lake's embedded side: a folder, its files named as the lake's paths. Whole files only: they are on disk before
// they appear. Several processes of one machine may share it; a network file system must not hold it.

import { createHash } from 'node:crypto'
import { readFileSync, renameSync, rmSync } from 'node:fs'
import { chmod, link, mkdir, open, readdir, readFile, stat, unlink } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { probeWriting, syncDirectory, writeTemporary } from '../durable-file.ts'
import { reach } from '../reach.ts'
import { inTransaction, openSqlite, SHARED_BUSY_TIMEOUT_MS } from '../sqlite/open-sqlite.ts'
import { type Lake, type LakeFile, LakeUnavailable } from './lake.ts'
import { listPaths } from './list-paths.ts'
import { checkedPath, checkedRange } from './path.ts'

/** A temporary file this old belongs to a process that died. */
const ABANDONED_MS = 3_600_000

interface Folder {
  dir: string
  /** Beside the lake's paths: `~` stands in none of them. */
  temporaryDir: string
  /** Holds nothing: its write lock is the lock of replacing and deleting, and ends with the process that took it. */
  lock: DatabaseSync
}

/**
 * Opens or creates a lake in a folder of mode 0700, its files 0600. A path cannot be the folder of another one.
 * @throws LakeUnavailable when the folder cannot be opened
 */
export async function openFileLake(folderPath: string): Promise<Lake> {
  const dir = resolve(folderPath)
  const run = <T>(work: () => T | Promise<T>) => reach(LakeUnavailable, work)
  const folder = await run(() => openFolder(dir))

  return {
    putIfAbsent: (path, body) => run(() => putIfAbsent(folder, checkedPath(path), body)),
    putIfMatch: (path, body, etag) => run(() => putIfMatch(folder, checkedPath(path), body, etag)),
    get: path => run(() => get(join(dir, checkedPath(path)))),
    read: (path, range) => run(() => readRange(join(dir, checkedPath(path)), checkedRange(range))),
    list: (prefix, options) => run(() => listPaths(dir, prefix, options)),
    delete: path => run(() => remove(folder, join(dir, checkedPath(path)))),
    ping: () => run(() => probeWriting(folder.temporaryDir)),
    close: async () => {
      if (folder.lock.isOpen) folder.lock.close()
    },
  }
}

async function openFolder(dir: string): Promise<Folder> {
  const temporaryDir = join(dir, '~temporary')
  await mkdir(temporaryDir, { recursive: true, mode: 0o700 })
  await chmod(dir, 0o700)
  for (const name of await readdir(temporaryDir)) {
    const path = join(temporaryDir, name)
    const found = await statOf(path)
    if (found && found.mtimeMs < Date.now() - ABANDONED_MS) await unlink(path).catch(ignoreAbsent)
  }
  return { dir, temporaryDir, lock: openSqlite(join(dir, '~lock.sqlite'), SHARED_BUSY_TIMEOUT_MS) }
}

/** A hard link is made or refused in one step, also between processes. */
async function putIfAbsent({ dir, temporaryDir }: Folder, path: string, body: Buffer): Promise<string | undefined> {
  const target = join(dir, path)
  const temporary = await writeTemporary(temporaryDir, body)
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o700 })
    await link(temporary, target)
  } catch (error) {
    if (!isCode(error, 'EEXIST', 'ENOTDIR')) throw error
    const isTaken = (error as NodeJS.ErrnoException).syscall === 'link' && !(await statOf(target))?.isDirectory()
    if (isTaken) return undefined
    throw new RangeError('a path of the lake cannot be the folder of another one')
  } finally {
    await unlink(temporary)
  }
  await syncUpTo(dir, target)
  return etagOf(body)
}

/** Compares and renames under the lock, so that nobody replaces or deletes the file in between. */
async function putIfMatch(folder: Folder, path: string, body: Buffer, etag: string): Promise<string | undefined> {
  const target = join(folder.dir, path)
  const temporary = await writeTemporary(folder.temporaryDir, body)
  try {
    const isReplaced = inTransaction(folder.lock, () => {
      if (etagAt(target) !== etag) return false
      renameSync(temporary, target)
      return true
    })
    if (!isReplaced) return undefined
  } finally {
    await unlink(temporary).catch(ignoreAbsent)
  }
  await syncDirectory(dirname(target))
  return etagOf(body)
}

async function get(target: string): Promise<LakeFile | undefined> {
  try {
    const body = await readFile(target)
    return { body, etag: etagOf(body) }
  } catch (error) {
    return ignoreAbsent(error)
  }
}

async function readRange(target: string, { start, end }: { start: number; end: number }): Promise<Buffer | undefined> {
  const file = await open(target).catch(ignoreAbsent)
  if (!file) return undefined
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(end - start), { position: start })
    return buffer.subarray(0, bytesRead)
  } catch (error) {
    return ignoreAbsent(error)
  } finally {
    await file.close()
  }
}

async function remove({ lock }: Folder, target: string): Promise<void> {
  if (!(await statOf(target))?.isFile()) return
  inTransaction(lock, () => rmSync(target, { force: true }))
  await syncDirectory(dirname(target))
}

const statOf = (target: string) => stat(target).catch(ignoreAbsent)

function etagAt(target: string): string | undefined {
  try {
    return etagOf(readFileSync(target))
  } catch (error) {
    return ignoreAbsent(error)
  }
}

/** Puts the new file's name on disk, and those of the folders it stands in, which may be new too. */
async function syncUpTo(dir: string, target: string): Promise<void> {
  let folder = target
  while (folder !== dir) {
    folder = dirname(folder)
    await syncDirectory(folder)
  }
}

const etagOf = (body: Buffer) => createHash('sha256').update(body).digest('hex')
const isCode = (error: unknown, ...codes: string[]) => codes.includes((error as NodeJS.ErrnoException).code ?? '')

/** No such file: nothing there, or a folder, or a folder's name that is a file's. */
function ignoreAbsent(error: unknown): undefined {
  if (!isCode(error, 'ENOENT', 'EISDIR', 'ENOTDIR')) throw error
}
