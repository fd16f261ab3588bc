// FerretDB 2.7 over PostgreSQL with DocumentDB: MongoDB-compatible, not MongoDB. It serves the ports `vault` and
// `documents` in tests, over TLS and with SCRAM, and can be killed and started again on the same data and port.

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MongoClient } from 'mongodb'
import { eventually } from '../eventually.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { documentdbPostgres } from './documentdb-postgres.ts'
import { cached, run } from './engine-cache.ts'
import { environmentWith } from './environment.ts'
import { freePort, type Server, spawnServer } from './spawn-server.ts'

const VERSION = 'v2.7.0'
const MODULE = 'github.com/FerretDB/FerretDB/v2'
const BUILD_MS = 1_800_000
const READY_MS = 60_000
const ANSWER_MS = 5_000
const STATEMENT_MS = 30_000
const USER = 'ecluse'

export interface Ferretdb {
  settings: Record<string, string>
  /** PostgreSQL's, then FerretDB's. After a restart they are others. */
  servers: Server[]
  /** Starts again what was killed, on the same data and port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

interface Place {
  dir: string
  bin: string
  ferretdb: string
  certificates: Certificates
  postgresPort: number
  port: number
  postgresPassword: string
}

/** @param options.dir an empty folder for the data, kept at `stop`; a temporary one, removed at `stop`, if undefined */
export async function startFerretdb(options: { dir?: string } = {}): Promise<Ferretdb> {
  const [bin, ferretdb] = [await documentdbPostgres(), await ferretdbBinary()]
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'ferretdb-')))
  await mkdir(join(dir, 'certificates'), { recursive: true })
  const place: Place = {
    dir,
    bin,
    ferretdb,
    certificates: await makeCertificates(join(dir, 'certificates')),
    postgresPort: await freePort(),
    port: await freePort(),
    postgresPassword: randomBytes(16).toString('hex'),
  }
  const password = randomBytes(16).toString('hex')
  await initialise(place)
  const postgres = watch(await startPostgres(place))
  await psql(place, 'CREATE EXTENSION IF NOT EXISTS documentdb CASCADE')
  const running = [postgres, watch(await startGateway(place))]
  await createUser(place, password)

  return {
    settings: Object.assign({}, ...['vault', 'documents'].map(port => settingsOf(place, port, password))),
    get servers() {
      return running.map(({ server }) => server)
    },
    restart: async () => {
      if (running[0]!.hasExited()) running[0] = watch(await startPostgres(place))
      if (running[1]!.hasExited()) running[1] = watch(await startGateway(place))
    },
    stop: async () => {
      for (const { server } of running.toReversed()) await server.stop()
      if (!options.dir) await rm(dir, { recursive: true })
    },
  }
}

function watch(server: Server) {
  let exited = false
  server.exited.then(() => {
    exited = true
  })
  return { server, hasExited: () => exited }
}

/** Its module asks for replacements, so that it cannot be installed by name alone. */
function ferretdbBinary(): Promise<string> {
  return cached(`ferretdb-${VERSION}`, async dir => {
    await writeFile(join(dir, 'go.mod'), `module engine.invalid/ferretdb\n\ngo 1.24\n\nrequire ${MODULE} ${VERSION}\n`)
    await writeFile(join(dir, 'tools.go'), `//go:build tools\n\npackage tools\n\nimport _ "${MODULE}/cmd/ferretdb"\n`)
    await run('go', ['mod', 'tidy'], { cwd: dir, timeoutMs: BUILD_MS })
    const build = ['build', '-mod=mod', '-o', join(dir, 'ferretdb'), `${MODULE}/cmd/ferretdb`]
    await run('go', build, { cwd: dir, timeoutMs: BUILD_MS })
  }).then(dir => join(dir, 'ferretdb'))
}

/** PostgreSQL refuses to run as root: a user namespace makes us somebody else, who may read what is ours. */
function asNormalUser(command: string, args: string[]): [command: string, args: string[]] {
  if (process.getuid?.() !== 0) return [command, args]
  return ['unshare', ['--user', '--map-user=65534', '--map-group=65534', command, ...args]]
}

async function initialise({ dir, bin, postgresPort, postgresPassword }: Place): Promise<void> {
  const passwordFile = join(dir, 'postgres-password')
  await writeFile(passwordFile, postgresPassword, { mode: 0o600 })
  const data = join(dir, 'data')
  const args = ['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', '--pwfile', passwordFile, '--locale=C.UTF-8']
  await run(...asNormalUser(join(bin, 'initdb'), args), { timeoutMs: READY_MS })
  await appendFile(
    join(data, 'postgresql.conf'),
    `
listen_addresses = '127.0.0.1'
port = ${postgresPort}
unix_socket_directories = ''
shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
cron.database_name = 'postgres'
jit = off
`,
  )
}

/** After a kill the old server's children hold its shared memory for a moment more. */
function startPostgres(place: Place): Promise<Server> {
  const { dir, bin, postgresPassword } = place
  const [command, args] = asNormalUser(join(bin, 'postgres'), ['-D', join(dir, 'data')])
  return eventually('PostgreSQL starts', async () => {
    try {
      return await spawnServer({
        name: 'postgresql',
        command,
        args,
        // For the connections that its own extensions make to it.
        env: { PGPASSWORD: postgresPassword },
        ready: () => psql(place, 'SELECT 1').then(isDone, isNotYet),
        timeoutMs: READY_MS,
      })
    } catch (error) {
      if (!String(error).includes('pre-existing shared memory block')) throw error
    }
  })
}

function startGateway(place: Place): Promise<Server> {
  const { dir, ferretdb, certificates, postgresPort, port, postgresPassword } = place
  return spawnServer({
    name: 'ferretdb',
    command: ferretdb,
    args: [
      '--listen-addr=',
      `--listen-tls=127.0.0.1:${port}`,
      `--listen-tls-cert-file=${certificates.server.certFile}`,
      `--listen-tls-key-file=${certificates.server.keyFile}`,
      '--debug-addr=-',
      '--telemetry=disable',
      '--log-level=WARN',
      `--state-dir=${dir}`,
    ],
    env: { FERRETDB_POSTGRESQL_URL: `postgres://postgres:${postgresPassword}@127.0.0.1:${postgresPort}/postgres` },
    ready: () => asAdministrator(place, client => client.db('admin').command({ ping: 1 })).then(isDone, isNotYet),
    timeoutMs: READY_MS,
  })
}

const isDone = () => true
const isNotYet = () => false

async function psql({ bin, postgresPort, postgresPassword }: Place, statement: string): Promise<void> {
  const args = ['-h', '127.0.0.1', '-p', String(postgresPort), '-U', 'postgres', '-qc', statement]
  await promisify(execFile)(join(bin, 'psql'), args, {
    env: environmentWith({ PGPASSWORD: postgresPassword }),
    timeout: STATEMENT_MS,
  })
}

async function asAdministrator<T>(place: Place, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(`mongodb://127.0.0.1:${place.port}/admin?tls=true`, {
    auth: { username: 'postgres', password: place.postgresPassword },
    ca: place.certificates.ca,
    serverSelectionTimeoutMS: ANSWER_MS,
  })
  try {
    return await work(client)
  } finally {
    await client.close()
  }
}

/** DocumentDB knows roles over all databases only, and holds nobody to them. */
async function createUser(place: Place, password: string): Promise<void> {
  const roles = [{ role: 'readWriteAnyDatabase', db: 'admin' }]
  await asAdministrator(place, client => client.db('admin').command({ createUser: USER, pwd: password, roles }))
}

function settingsOf({ port, certificates }: Place, name: string, password: string): Record<string, string> {
  const variable = `ECLUSE_${name.toUpperCase()}`
  return {
    [variable]: `mongodb://127.0.0.1:${port}/ecluse_${name}?tls=true`,
    [`${variable}_USERNAME`]: USER,
    [`${variable}_PASSWORD`]: password,
    [`${variable}_CA`]: certificates.ca,
  }
}
