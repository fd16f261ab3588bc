// What `ecluse doctor` asks of the ports: whether each server answers, and would do what is asked of it.

import { type Config, variableName } from '../runtime/config.ts'
import type { ServerAccess } from '../storage/server-access.ts'
import { accessOf, isEmbedded, type Port } from './open-stores.ts'
import {
  examineBucket,
  examineKafka,
  openCassandraTables,
  openConfluentRegistry,
  openMongoDocuments,
  openMongoVault,
} from './server-sides.ts'

/** Returns what it saw, or throws an Error that says what is wrong and how to mend it. */
export type Examination = [what: string, examine: (config: Config) => string | Promise<string>]

/** Each port by the name that `/readyz` gives it. */
export const examinedPorts: Examination[] = [
  ['event-log', config => examine(config, 'eventLog', access => examineKafka(access, topicDefaults(config)))],
  ['registry', config => examine(config, 'registry', pinged(openConfluentRegistry))],
  ['vault', config => examine(config, 'vault', pinged(openMongoVault))],
  ['documents', config => examine(config, 'documents', pinged(openMongoDocuments))],
  ['tables', config => examine(config, 'tables', pinged(openCassandraTables))],
  ['lake', config => examine(config, 'lake', examineBucket)],
  ['erasures', config => examine(config, 'erasures', examineBucket)],
]

function topicDefaults({ kafkaReplication, kafkaMinInsyncReplicas, maxRecordBytes }: Config) {
  return { replication: kafkaReplication, minInsyncReplicas: kafkaMinInsyncReplicas, maxRecordBytes }
}

interface Store {
  ping(): Promise<void>
  close(): Promise<void>
}

function pinged(open: (access: ServerAccess) => Promise<Store>) {
  return async (access: ServerAccess): Promise<string> => {
    const store = await open(access)
    try {
      await store.ping()
    } finally {
      await store.close()
    }
    return 'answers, and may be used'
  }
}

async function examine(
  config: Config,
  port: Port,
  examineServer: (access: ServerAccess) => Promise<string>,
): Promise<string> {
  if (isEmbedded(config, port)) return 'embedded, in the data directory'
  try {
    return await examineServer(accessOf(config, port))
  } catch (error) {
    // Only a port's own error says where it comes from; what is wrong with a setting does not.
    const { name, message } = error as Error
    throw new Error(name.endsWith('Unavailable') ? message : `${variableName(port)}: ${message}`, { cause: error })
  }
}
