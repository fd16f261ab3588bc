// Opens the stores that the configuration names: a server by its URL, else the embedded side, under one data directory
// that then belongs to this process alone.

import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, variableName } from '../runtime/config.ts'
import type { Documents } from '../storage/documents/documents.ts'
import { openSqliteDocuments } from '../storage/documents/sqlite.ts'
import type { EventLog } from '../storage/event-log/event-log.ts'
import { openSqliteEventLog } from '../storage/event-log/sqlite.ts'
import { openFileLake } from '../storage/lake/file.ts'
import type { Lake } from '../storage/lake/lake.ts'
import { openFileRegistry } from '../storage/registry/file.ts'
import type { Registry } from '../storage/registry/registry.ts'
import type { ServerAccess } from '../storage/server-access.ts'
import { lockDirectory } from '../storage/sqlite/lock-directory.ts'
import { openSqliteTables } from '../storage/tables/sqlite.ts'
import type { Tables } from '../storage/tables/tables.ts'
import { openSqliteVault } from '../storage/vault/sqlite.ts'
import type { Vault } from '../storage/vault/vault.ts'
import {
  openCassandraTables,
  openConfluentRegistry,
  openKafkaEventLog,
  openMongoDocuments,
  openMongoVault,
  openS3Lake,
} from './server-sides.ts'

export interface Stores {
  log: EventLog
  registry: Registry
  vault: Vault
  documents: Documents
  tables: Tables
  lake: Lake
  /** The ledger of erasures, kept apart from all that may be restored. */
  erasures: Lake
  close(): Promise<void>
}

export type Port = 'eventLog' | 'registry' | 'vault' | 'documents' | 'tables' | 'lake' | 'erasures'

/** Embedded, these belong to one process; vault and lake may be shared by processes of one machine. */
const UNSHARED = ['eventLog', 'registry', 'documents', 'tables'] as const

export const isEmbedded = (config: Config, port: Port) => ['sqlite:', 'file:'].includes(config[port])

/** Variables of the ports that processes running apart cannot share, because they are embedded. */
export function unsharedPorts(config: Config): string[] {
  return UNSHARED.filter(port => isEmbedded(config, port)).map(variableName)
}

/** Opens the vault alone, beside a running process. */
export function openVault(config: Config): Promise<Vault> {
  return opening('vault', config, openMongoVault, () => openSqliteVault(inDataDir(config, 'vault.sqlite')))
}

/**
 * Opens all stores. Servers are not connected to yet.
 * @throws Error when the data directory is taken, a store cannot be opened or a URL is malformed: which variable
 */
export async function openStores(config: Config): Promise<Stores> {
  const unlock = unsharedPorts(config).length > 0 ? lockDirectory(inDataDir(config, '')) : () => {}
  const at = (name: string) => inDataDir(config, name)
  const { kafkaReplication, kafkaMinInsyncReplicas, kafkaSessionMs } = config
  const opened = [] as { close(): Promise<void> }[]
  const keep = async <T extends { close(): Promise<void> }>(store: Promise<T>): Promise<T> => {
    opened.push(await store)
    return store
  }
  const close = async () => {
    // Whatever was acknowledged is on disk: a store that cannot be closed keeps none of the others open.
    await Promise.allSettled(opened.map(store => store.close()))
    unlock()
  }
  try {
    return {
      log: await keep(
        opening(
          'eventLog',
          config,
          access =>
            openKafkaEventLog(access, {
              replication: kafkaReplication,
              minInsyncReplicas: kafkaMinInsyncReplicas,
              sessionMs: kafkaSessionMs,
              maxRecordBytes: config.maxRecordBytes,
              queueBytes: config.appendQueueBytes,
              appendMs: config.appendMs,
            }),
          () => openSqliteEventLog(at('event-log.sqlite')),
        ),
      ),
      registry: await keep(opening('registry', config, openConfluentRegistry, () => openFileRegistry(at('registry')))),
      vault: await keep(openVault(config)),
      documents: await keep(
        opening('documents', config, openMongoDocuments, () => openSqliteDocuments(at('documents.sqlite'))),
      ),
      tables: await keep(opening('tables', config, openCassandraTables, () => openSqliteTables(at('tables.sqlite')))),
      lake: await keep(opening('lake', config, openS3Lake, () => openFileLake(at('lake')))),
      erasures: await keep(opening('erasures', config, openS3Lake, () => openFileLake(at('erasures')))),
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

/** Opens a port's server or its embedded side. @throws Error naming the variable, where it cannot be */
async function opening<T>(
  port: Port,
  config: Config,
  openServer: (access: ServerAccess) => T | Promise<T>,
  openEmbedded: () => T | Promise<T>,
): Promise<T> {
  const isHere = isEmbedded(config, port)
  try {
    return await (isHere ? openEmbedded() : openServer(accessOf(config, port)))
  } catch (error) {
    throw new Error(`${variableName(port)}${isHere ? ':' : ''} ${(error as Error).message}`, { cause: error })
  }
}

/** How the configuration says a port's server is reached. */
export function accessOf(config: Config, port: Port): ServerAccess {
  if (port === 'lake' || port === 'erasures') return { url: config[port], ca: config.lakeCa }
  return {
    url: config[port],
    username: config[`${port}Username`],
    password: config[`${port}Password`],
    ca: config[`${port}Ca`],
    cert: config[`${port}Cert`],
    key: config[`${port}Key`],
  }
}

/** A path in the data directory, which is made. */
export function inDataDir({ dataDir }: Config, name: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  chmodSync(dataDir, 0o700)
  return join(dataDir, name)
}
