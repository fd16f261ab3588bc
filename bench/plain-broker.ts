// One Kafka broker for the benchmark alone: no TLS, no logins, on loopback, and with the JVM's own compilers. The engine
// tests' broker starts faster, but its compiler knows no AES instructions, so that TLS dominates what it costs.

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeKafkaClient } from '../storage/event-log/kafka-client.ts'
import type { ServerAccess } from '../storage/server-access.ts'
import { run } from '../test/engines/engine-cache.ts'
import { jarsOf } from '../test/engines/maven.ts'
import { freePort, spawnServer } from '../test/engines/spawn-server.ts'

/** As in test/engines/kafka.ts, so that the same jars serve both. */
const VERSION = '4.3.1'
const ARTIFACTS = [
  `org.apache.kafka:kafka_2.13:${VERSION}`,
  `org.apache.kafka:kafka-tools:${VERSION}`,
  'org.apache.logging.log4j:log4j-slf4j-impl:2.25.4',
]
const JVM = ['-Xmx512m', '-XX:+UseSerialGC']
const READY_MS = 240_000

export interface PlainBroker {
  access: ServerAccess
  pid: number
  stop(): Promise<void>
}

/** @param dir an empty folder */
export async function startPlainBroker(dir: string): Promise<PlainBroker> {
  const jars = await jarsOf(`kafka-${VERSION}`, ARTIFACTS)
  const [port, controller] = [await freePort(), await freePort()]
  const properties = join(dir, 'broker.properties')
  writeFileSync(properties, propertiesOf(port, controller, join(dir, 'data')))
  const java = (main: string, args: string[]) => [...JVM, '-cp', `${jars}/*`, main, ...args]
  // A letter first, since an id that begins with `-` would be an option.
  const id = `A${randomBytes(16).toString('base64url').slice(1)}`
  await run('java', java('kafka.tools.StorageTool', ['format', '-t', id, '-c', properties]), { cwd: dir })
  const access = { url: `kafka://127.0.0.1:${port}` }
  const server = await spawnServer({
    name: 'kafka',
    command: 'java',
    args: java('kafka.Kafka', [properties]),
    cwd: dir,
    ready: () => answers(access),
    timeoutMs: READY_MS,
  })
  return { access, pid: server.pid, stop: server.stop }
}

async function answers(access: ServerAccess): Promise<boolean> {
  const admin = makeKafkaClient(access).kafka.admin({ retry: { retries: 0 } })
  try {
    await admin.connect()
    return (await admin.describeCluster()).brokers.length === 1
  } finally {
    await admin.disconnect()
  }
}

function propertiesOf(port: number, controller: number, data: string): string {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': data,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
