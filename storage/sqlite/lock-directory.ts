// Takes a directory for this process until it ends, however it ends: the kernel lets go of a lock when its process
// dies, so that no stale lock file can keep the next one out.

import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

const SQLITE_BUSY = 5

/**
 * Takes the directory, or fails at once.
 * @returns a function that gives it back
 * @throws Error when another process has it, or it cannot be written
 */
export function lockDirectory(directory: string): () => void {
  const path = join(directory, 'lock.sqlite')
  const lock = new DatabaseSync(path, { timeout: 0 })
  try {
    chmodSync(path, 0o600)
    lock.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    lock.close()
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) throw error
    throw new Error(`the data directory ${directory} is in use by another Écluse process: stop that one first`, {
      cause: error,
    })
  }
  return () => lock.close()
}
