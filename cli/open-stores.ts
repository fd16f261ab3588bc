// Opens the stores that the configuration names: the embedded sides, all under one data directory that belongs to
// this process alone.

import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../runtime/config.ts'
import type { Documents } from '../storage/documents/documents.ts'
import { openSqliteDocuments } from '../storage/documents/sqlite.ts'
import type { EventLog } from '../storage/event-log/event-log.ts'
import { openSqliteEventLog } from '../storage/event-log/sqlite.ts'
import { openFileLake } from '../storage/lake/file.ts'
import type { Lake } from '../storage/lake/lake.ts'
import { openFileRegistry } from '../storage/registry/file.ts'
import type { Registry } from '../storage/registry/registry.ts'
import { lockDirectory } from '../storage/sqlite/lock-directory.ts'
import { openSqliteTables } from '../storage/tables/sqlite.ts'
import type { Tables } from '../storage/tables/tables.ts'
import { openSqliteVault } from '../storage/vault/sqlite.ts'
import type { Vault } from '../storage/vault/vault.ts'

export interface Stores {
  log: EventLog
  registry: Registry
  vault: Vault
  documents: Documents
  tables: Tables
  lake: Lake
  close(): Promise<void>
}

/** Opens the vault alone, beside a running process: unlike the log, it may be shared. */
export function openVault(config: Config): Vault {
  makeDataDir(config)
  return openSqliteVault(join(config.dataDir, 'vault.sqlite'))
}

function makeDataDir({ dataDir }: Config): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  chmodSync(dataDir, 0o700)
}

/** Opens all stores. @throws Error when the data directory is taken or a store cannot be opened */
export async function openStores(config: Config): Promise<Stores> {
  makeDataDir(config)
  const unlock = lockDirectory(config.dataDir)
  const at = (name: string) => join(config.dataDir, name)
  const stores = {
    log: openSqliteEventLog(at('event-log.sqlite')),
    registry: await openFileRegistry(at('registry')),
    vault: openSqliteVault(at('vault.sqlite')),
    documents: await openSqliteDocuments(at('documents.sqlite')),
    tables: await openSqliteTables(at('tables.sqlite')),
    lake: await openFileLake(at('lake')),
  }
  return {
    ...stores,
    close: async () => {
      // Whatever was acknowledged is on disk: a store that cannot be closed keeps none of the others open.
      await Promise.allSettled(Object.values(stores).map(store => store.close()))
      unlock()
    },
  }
}
