// Copies of the embedded vault, made while it is used. The epochs' keys go apart from the persons': whoever keeps only
// the newest copy of the former can open no old copy of the latter once its epoch has ended, and so nobody erased since.

import { closeSync, openSync } from 'node:fs'
import { copyFile, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { backup, DatabaseSync } from 'node:sqlite'
import { syncDirectory, writeTemporary } from '../durable-file.ts'
import { openSqliteVault } from './sqlite.ts'
import type { SealedKey } from './vault.ts'

const EPOCH_KEYS = "name GLOB 'epoch/*'"

export interface BackUpFiles {
  /** Everything but the epochs' keys. */
  copy: string
  /** The epochs' keys, sealed under the KEK: replaced by every backup. */
  epochKeys: string
}

/** @throws Error when a file cannot be written, or the vault at the path cannot be opened */
export async function backUpSqliteVault(path: string, { copy, epochKeys }: BackUpFiles): Promise<void> {
  const temporary = `${copy}.tmp`
  await rm(temporary, { force: true })
  closeSync(openSync(temporary, 'wx', 0o600))
  const vault = new DatabaseSync(path, { readOnly: true, timeout: 5_000 })
  try {
    await backup(vault, temporary)
    const keys = takeEpochKeys(temporary)
    await replaceFile(epochKeys, JSON.stringify(keys.map(key => ({ ...key, sealed: key.sealed.toString('base64') }))))
    await rename(temporary, copy)
    await syncDirectory(dirname(copy))
  } finally {
    vault.close()
    await rm(temporary, { force: true })
  }
}

/** Removes them from a copy that nobody uses yet, leaving no byte. */
function takeEpochKeys(path: string): SealedKey[] {
  const db = new DatabaseSync(path)
  try {
    // One file: a copy has no log beside it.
    db.exec('PRAGMA journal_mode=DELETE; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY')
    const rows = db.prepare(`SELECT * FROM keys WHERE ${EPOCH_KEYS}`).all()
    db.exec(`DELETE FROM keys WHERE ${EPOCH_KEYS}; VACUUM`)
    return rows.map(row => ({
      name: row.name as string,
      sealed: Buffer.from(row.sealed as Uint8Array),
      createdAtMs: row.created_at_ms as number,
      endsAtMs: row.ends_at_ms as number | null,
    }))
  } finally {
    db.close()
  }
}

/**
 * Puts a copy, and the epochs' keys, where no vault is.
 * @throws Error when a file cannot be read or written
 */
export async function restoreSqliteVault({ copy, epochKeys }: BackUpFiles, path: string): Promise<void> {
  const keys = JSON.parse(await readFile(epochKeys, 'utf8')) as (Omit<SealedKey, 'sealed'> & { sealed: string })[]
  const temporary = `${path}.tmp`
  try {
    await copyFile(copy, temporary)
    const vault = openSqliteVault(temporary)
    for (const key of keys) await vault.putKeyIfAbsent({ ...key, sealed: Buffer.from(key.sealed, 'base64') })
    // The last connection brings the log into the file.
    await vault.close()
    await rename(temporary, path)
    await syncDirectory(dirname(path))
  } finally {
    for (const suffix of ['', '-wal', '-shm']) await rm(temporary + suffix, { force: true })
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  await rename(await writeTemporary(dirname(path), text), path)
  await syncDirectory(dirname(path))
}
