// Cassandra 5.0, one node: TLS and passwords are on, and Écluse's role has the rights that docs/permissions/cassandra.cql
// gives, and no other. It can be killed and started again on the same data and port.

import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { auth, Client } from 'cassandra-driver'
import { eventually } from '../eventually.ts'
import { cassandraArguments, cassandraYaml, LOGBACK } from './cassandra-files.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { run } from './engine-cache.ts'
import { ADMIN, dataDirVariable, NOBODY, OTHER_CA, variableOf } from './environment.ts'
import { jarsOf } from './maven.ts'
import { freePort, type Server, spawnServer } from './spawn-server.ts'
import { temporaryFolder } from './temporary-folder.ts'

const VERSION = '5.0.9'
const READY_MS = 240_000
const PERMISSIONS = join(import.meta.dirname, '../../docs/permissions/cassandra.cql')

export interface RunningCassandra {
  settings: Record<string, string>
  /** After a restart it is another. */
  servers: Server[]
  /** SSTables are in `data` below it, once they are flushed: SIGTERM flushes all. */
  dir: string
  /** Starts again what was killed, on the same data and port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

interface Place {
  port: number
  certificates: Certificates
}

/** @param options.dir an empty folder for the data, kept at `stop`; a temporary one, removed at `stop`, if undefined */
export async function startCassandra(options: { dir?: string } = {}): Promise<RunningCassandra> {
  const jars = await jarsOf(`cassandra-${VERSION}`, [`org.apache.cassandra:cassandra-all:${VERSION}`])
  const dir = options.dir ?? temporaryFolder('cassandra')
  const place: Place = { port: await freePort(), certificates: await makeCertificates(dir) }
  await writeFiles(dir, place.port)
  let server = await startNode(dir, jars)
  const passwords = await makeRoles(place)
  return {
    settings: { ...settingsOf(place, passwords), [dataDirVariable('tables')]: dir },
    get servers() {
      return [server]
    },
    dir,
    restart: async () => {
      server = await startNode(dir, jars)
    },
    stop: async () => {
      await server.stop()
      if (!options.dir) await rm(dir, { recursive: true, force: true })
    },
  }
}

async function writeFiles(dir: string, clientPort: number): Promise<void> {
  const keystore = join(dir, 'server.p12')
  const keystorePassword = secret()
  const pair = ['-in', 'server.pem', '-inkey', 'server.key']
  const exported = ['pkcs12', '-export', ...pair, '-out', keystore, '-passout', `pass:${keystorePassword}`]
  await run('openssl', exported, { cwd: dir })
  const storagePort = await freePort()
  const yaml = cassandraYaml({ clientPort, storagePort, keystore, keystorePassword })
  await writeFile(join(dir, 'cassandra.yaml'), yaml, { mode: 0o600 })
  await writeFile(join(dir, 'logback.xml'), LOGBACK)
}

async function startNode(dir: string, jars: string): Promise<Server> {
  const jamm = (await readdir(jars)).find(name => name.startsWith('jamm-'))!
  const log = join(dir, `node-${secret()}.log`)
  return spawnServer({
    name: 'cassandra',
    command: 'java',
    args: cassandraArguments(dir, jars, join(jars, jamm)),
    cwd: dir,
    log,
    ready: async () => (await readFile(log, 'utf8')).includes('Starting listening for CQL clients'),
    timeoutMs: READY_MS,
  })
}

const secret = () => randomBytes(16).toString('hex')

/** Our own administrator takes the place of Cassandra's, whose password everyone knows. */
async function makeRoles(place: Place): Promise<Record<'admin' | 'ecluse' | 'nobody', string>> {
  const passwords = { admin: secret(), ecluse: secret(), nobody: secret() }
  await eventually('Cassandra has made its first role', () =>
    as(place, 'cassandra', 'cassandra', [
      `CREATE ROLE admin WITH SUPERUSER = true AND LOGIN = true AND PASSWORD = '${passwords.admin}'`,
    ]).then(
      () => true,
      () => false,
    ),
  )
  await as(place, 'admin', passwords.admin, [
    'ALTER ROLE cassandra WITH SUPERUSER = false AND LOGIN = false',
    ...(await permissions(passwords.ecluse)),
    `CREATE ROLE nobody WITH LOGIN = true AND PASSWORD = '${passwords.nobody}'`,
  ])
  return passwords
}

/** The statements of the file, with what it asks its reader to choose: one node holds one copy. */
async function permissions(password: string): Promise<string[]> {
  const text = (await readFile(PERMISSIONS, 'utf8')).replaceAll(/^--.*$/gm, '')
  const chosen = text.replace("'datacenter1': 3", "'datacenter1': 1").replace("'choose one'", `'${password}'`)
  const statements = chosen.split(';').map(statement => statement.trim())
  return statements.filter(statement => statement !== '')
}

async function as({ port, certificates }: Place, user: string, password: string, statements: string[]): Promise<void> {
  const client = new Client({
    contactPoints: [`127.0.0.1:${port}`],
    localDataCenter: 'datacenter1',
    authProvider: new auth.PlainTextAuthProvider(user, password),
    sslOptions: { ca: certificates.ca, rejectUnauthorized: true },
  })
  try {
    for (const statement of statements) await client.execute(statement)
  } finally {
    await client.shutdown()
  }
}

function settingsOf({ port, certificates }: Place, passwords: Record<'admin' | 'ecluse' | 'nobody', string>) {
  const variable = variableOf('tables')
  return {
    [variable]: `cassandra://127.0.0.1:${port}/ecluse?dc=datacenter1&tls=true&replication=1`,
    [`${variable}_USERNAME`]: 'ecluse',
    [`${variable}_PASSWORD`]: passwords.ecluse,
    [`${variable}_CA`]: certificates.ca,
    [`${variableOf('tables', ADMIN)}_USERNAME`]: 'admin',
    [`${variableOf('tables', ADMIN)}_PASSWORD`]: passwords.admin,
    [`${variableOf('tables', NOBODY)}_USERNAME`]: 'nobody',
    [`${variableOf('tables', NOBODY)}_PASSWORD`]: passwords.nobody,
    [OTHER_CA]: certificates.otherCa,
  }
}
