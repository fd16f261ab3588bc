// One Kafka broker without TLS, which tells its clients to come through a proxy: there alone can a single answer be
// seen, and lost. It has no users and no rights; the three of the other faults have.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import { run } from '../engines/engine-cache.ts'
import { jarsOf } from '../engines/maven.ts'
import { freePort, spawnServer } from '../engines/spawn-server.ts'
import { type Inspector, startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

const VERSION = '4.3.1'
const JAVA = ['-Xmx384m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
const LOOK_MS = 3_000
const READY_MS = 120_000

export interface PlainKafka {
  /** Through the proxy. */
  settings: Record<string, string>
  proxy: TcpProxy
  stop(): Promise<void>
}

/** @param inspect what passes the proxy, frame by frame */
export async function startPlainKafka(inspect: () => Inspector): Promise<PlainKafka> {
  const jars = await jarsOf(`kafka-${VERSION}`, [`org.apache.kafka:kafka_2.13:${VERSION}`])
  const dir = await mkdtemp(join(tmpdir(), 'plain-kafka-'))
  const [brokerPort, controllerPort] = [await freePort(), await freePort()]
  const proxy = await startTcpProxy({ targetPort: brokerPort, inspect })
  const properties = join(dir, 'broker.properties')
  await writeFile(properties, propertiesOf({ dir, brokerPort, controllerPort, proxyPort: proxy.port }))
  const java = [...JAVA, '-cp', `${jars}/*`]
  const clusterId = randomBytes(16).toString('base64url')
  await run('java', [...java, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', properties, '--standalone'])
  const server = await spawnServer({
    name: 'plain-kafka',
    command: 'java',
    args: [...java, 'kafka.Kafka', properties],
    cwd: dir,
    ready: () => answers(proxy.port),
    timeoutMs: READY_MS,
  })
  return {
    settings: {
      ECLUSE_EVENT_LOG: `kafka://127.0.0.1:${proxy.port}`,
      ECLUSE_KAFKA_REPLICATION: '1',
      ECLUSE_KAFKA_MIN_INSYNC_REPLICAS: '1',
    },
    proxy,
    stop: async () => {
      await proxy.close()
      await server.stop()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function answers(port: number): Promise<boolean> {
  const admin = new Kafka({
    brokers: [`127.0.0.1:${port}`],
    connectionTimeout: LOOK_MS,
    requestTimeout: LOOK_MS,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  }).admin()
  try {
    await admin.connect()
    return (await admin.describeCluster()).brokers.length === 1
  } finally {
    await admin.disconnect()
  }
}

interface Facts {
  dir: string
  brokerPort: number
  controllerPort: number
  proxyPort: number
}

function propertiesOf({ dir, brokerPort, controllerPort, proxyPort }: Facts): string {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${brokerPort},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxyPort}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': join(dir, 'data'),
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 1_000,
    'log.cleaner.dedupe.buffer.size': 8 * 1_048_576,
  }
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}
