// Files that appear whole or not at all: written under a temporary name, on disk before they are renamed or linked.

import { randomUUID } from 'node:crypto'
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes a new file of mode 0600 in a directory, on disk before it resolves with its path, which ends in `.tmp`. */
export async function writeTemporary(directory: string, body: string | Buffer): Promise<string> {
  const path = join(directory, `${randomUUID()}.tmp`)
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(body)
    await file.sync()
  } catch (error) {
    await unlink(path)
    throw error
  } finally {
    await file.close()
  }
  return path
}

/** Fails where a new file could not be written: no permission, no space. */
export async function probeWriting(directory: string): Promise<void> {
  await unlink(await writeTemporary(directory, 'ping'))
}

/** Puts a directory's entries on disk: a file that was renamed into it stays there. Windows has no such call. */
export async function syncDirectory(directory: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
