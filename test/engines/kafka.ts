// Kafka 4.3 as KRaft, one broker or three: TLS, SCRAM and ACLs are on, and Écluse's user has the rights that
// docs/permissions/kafka.sh gives, and no other. A broker can be killed and started again on the same data and port.

import { randomBytes } from 'node:crypto'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeKafkaClient } from '../../storage/event-log/kafka-client.ts'
import type { ServerAccess } from '../../storage/server-access.ts'
import { makeCertificates } from './certificates.ts'
import { run } from './engine-cache.ts'
import { dataDirVariable } from './environment.ts'
import { accessOf, type KafkaAccess, type Passwords, settingsOf, USERS } from './kafka-access.ts'
import { type BrokerPorts, brokerProperties, clientProperties } from './kafka-properties.ts'
import { jarsOf } from './maven.ts'
import { freePort, type Server, spawnServer } from './spawn-server.ts'
import { temporaryFolder } from './temporary-folder.ts'

const VERSION = '4.3.1'
const ARTIFACTS = [
  `org.apache.kafka:kafka_2.13:${VERSION}`,
  `org.apache.kafka:kafka-tools:${VERSION}`,
  // Without it a broker logs nothing.
  'org.apache.logging.log4j:log4j-slf4j-impl:2.25.4',
]
const SHORT_LIVED = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
const LONG_LIVED = ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
const READY_MS = 240_000
const TOOL_MS = 180_000
const PERMISSIONS = join(import.meta.dirname, '../../docs/permissions/kafka.sh')

export interface Broker {
  /** After a restart it is another. */
  server: Server
  /** As clients reach it. */
  port: number
  /** Starts again what was killed, on the same data and ports. */
  restart(): Promise<void>
}

export interface RunningKafka {
  settings: Record<string, string>
  /** As the super user. */
  admin: ServerAccess
  brokers: Broker[]
  servers: Server[]
  stop(): Promise<void>
}

interface Place extends KafkaAccess {
  dir: string
  jars: string
  ports: BrokerPorts[]
}

export interface KafkaOptions {
  brokers: 1 | 3
  /** An empty folder for the data, kept at `stop`; a temporary one, removed at `stop`, if undefined. */
  dir?: string
}

export async function startKafka(options: KafkaOptions): Promise<RunningKafka> {
  const jars = await jarsOf(`kafka-${VERSION}`, ARTIFACTS)
  const dir = options.dir ?? temporaryFolder('kafka')
  const certificates = await makeCertificates(dir)
  const passwords = Object.fromEntries(USERS.map(name => [name, secret()])) as Passwords
  const place: Place = { dir, jars, certificates, passwords, ports: await takePorts(options.brokers) }
  await prepare(place)
  const brokers = await Promise.all(place.ports.map((_, at) => startBroker(place, at)))
  await grant(place)
  const admin = accessOf(place, 'admin')
  return {
    settings: { ...settingsOf(place), [dataDirVariable('event-log')]: dir },
    admin,
    brokers,
    get servers() {
      return brokers.map(({ server }) => server)
    },
    stop: async () => {
      await Promise.all(brokers.map(({ server }) => server.stop()))
      if (!options.dir) await rm(dir, { recursive: true, force: true })
    },
  }
}

const secret = () => randomBytes(16).toString('hex')

async function takePorts(brokers: number): Promise<BrokerPorts[]> {
  const ports: BrokerPorts[] = []
  for (let i = 0; i < brokers; i++)
    ports.push({ client: await freePort(), broker: await freePort(), controller: await freePort() })
  return ports
}

/** Writes the properties and formats each broker's folder, with the users in it. */
async function prepare(place: Place): Promise<void> {
  const { dir, certificates, passwords, ports } = place
  const { server, ca, caFile } = certificates
  const keystore = join(dir, 'keystore.pem')
  await writeFile(keystore, server.key + server.cert + ca, { mode: 0o600 })
  const clusterId = makeClusterId()
  const users = Object.entries(passwords).flatMap(([name, password]) => [
    '--add-scram',
    `SCRAM-SHA-512=[name=${name},password=${password}]`,
  ])
  await Promise.all(
    ports.map(async (_, at) => {
      const properties = brokerProperties({
        at,
        ports,
        keystore,
        truststore: caFile,
        data: join(dir, `data-${at}`),
      })
      await writeFile(propertiesOf(place, at), properties)
      const format = ['format', '-t', clusterId, '-c', propertiesOf(place, at), ...users]
      await java(place, 'kafka.tools.StorageTool', format)
    }),
  )
}

/** Sixteen bytes in base64url, of which the first is no `-`: that would be an option. */
function makeClusterId(): string {
  const bytes = randomBytes(16)
  bytes[0]! &= 0x7f
  return bytes.toString('base64url')
}

const propertiesOf = ({ dir }: Place, at: number) => join(dir, `broker-${at}.properties`)

function java({ dir, jars }: Place, main: string, args: string[]): Promise<string> {
  return run('java', [...SHORT_LIVED, '-cp', `${jars}/*`, main, ...args], { cwd: dir, timeoutMs: TOOL_MS })
}

async function startBroker(place: Place, at: number): Promise<Broker> {
  const { dir, jars, ports } = place
  const { client: port } = ports[at]!
  const start = () =>
    spawnServer({
      name: `kafka-${at + 1}`,
      command: 'java',
      args: [...LONG_LIVED, '-cp', `${jars}/*`, 'kafka.Kafka', propertiesOf(place, at)],
      cwd: dir,
      ready: () => answers(place, port),
      timeoutMs: READY_MS,
    })
  const broker: Broker = {
    server: await start(),
    port,
    restart: async () => {
      broker.server = await start()
    },
  }
  return broker
}

/** Whether this one broker serves clients, and knows all others. */
async function answers(place: Place, port: number): Promise<boolean> {
  const access = { ...accessOf(place, 'admin'), url: `kafka://127.0.0.1:${port}?tls=true` }
  const admin = makeKafkaClient(access).kafka.admin({ retry: { retries: 0 } })
  try {
    await admin.connect()
    const { brokers } = await admin.describeCluster()
    return brokers.length === place.ports.length
  } finally {
    await admin.disconnect()
  }
}

/** Runs the very script that an administrator is given, with Kafka's own tool. */
async function grant(place: Place): Promise<void> {
  const { dir, jars, certificates, passwords, ports } = place
  const bin = join(dir, 'bin')
  const tool = join(bin, 'kafka-acls.sh')
  await mkdir(bin)
  const command = ['exec java', ...SHORT_LIVED, '-cp', `'${jars}/*'`, 'org.apache.kafka.tools.AclCommand', '"$@"']
  await writeFile(tool, `#!/bin/sh\n${command.join(' ')}\n`)
  await chmod(tool, 0o755)
  const config = join(dir, 'admin.properties')
  const truststore = certificates.caFile
  await writeFile(config, clientProperties({ username: 'admin', password: passwords.admin, truststore }), {
    mode: 0o600,
  })
  const script = 'PATH="$0:$PATH"; . "$1"'
  const env = { BOOTSTRAP: `127.0.0.1:${ports[0]!.client}`, CONFIG: config }
  for (const users of [{}, { GATEWAY: 'ecluse', PROCESSORS: 'ecluse' }])
    await run('sh', ['-c', script, bin, PERMISSIONS], { env: { ...env, ...users }, timeoutMs: TOOL_MS })
}
