// npm run bench -- --kafka: the three stacks through one real broker, which is started here: with the TLS, logins and
// rights of the engine tests, or in plain text. CPU time is counted for the stack's process and for the broker; the load is made by this
// process, and not counted.

import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { topicOf } from '../governance/contract/topic-of.ts'
import type { EventLog } from '../storage/event-log/event-log.ts'
import type { ServerAccess } from '../storage/server-access.ts'
import { startFerretdb } from '../test/engines/ferretdb.ts'
import { startKafka } from '../test/engines/kafka.ts'
import { eventually } from '../test/eventually.ts'
import { makeKafka } from './naive-kafka.ts'
import { openBenchLog, PARTITIONS } from './pass-through.ts'
import { startPlainBroker } from './plain-broker.ts'
import { measureRounds, type RoundsReport, type Shape } from './rounds.ts'
import type { Job } from './server.ts'
import { type BenchServer, cpuSecondsOf, startServer } from './servers.ts'

const ARCHIVE_GROUP = 'ecluse.archive'
const TOPICS = {
  governed: topicOf('payments'),
  'pass-through': 'ecluse.bench-pass-through',
  naive: 'ecluse.bench-naive',
} as const
type Variant = keyof typeof TOPICS
const VARIANTS = Object.keys(TOPICS) as Variant[]
/** A group is free again so long after its member ended. */
const SESSION_MS = 10_000
const LOOK_EVERY_MS = 200

export interface KafkaBenchOptions {
  dir: string
  rounds: number
  shapes: Record<string, Shape>
  /** Through a broker without TLS and logins. */
  plaintext: boolean
  /** Also archive into FerretDB. */
  mongodb: boolean
  /** Where CPU profiles go. */
  profileDir: string | undefined
}

export interface KafkaReport extends RoundsReport {
  /** Records in each stack's topic at the end. */
  appended: Record<string, number>
  /** CPU seconds per million events, by where they are archived. */
  archive: Record<string, ArchiveReport>
}

interface ArchiveReport {
  events: number
  processCpuSecondsPerMillion: number
  brokerCpuSecondsPerMillion: number
  eventsPerSecond: number
}

interface Broker {
  pid: number
  access: ServerAccess
  admin: ServerAccess
  settings: Record<string, string>
  stop(): Promise<void>
}

/** @throws Error when an event was not accepted, or a topic holds fewer records than were acknowledged */
export async function measureThroughKafka(options: KafkaBenchOptions): Promise<KafkaReport> {
  const broker = await (options.plaintext ? startPlaintext(options.dir) : startSecured())
  try {
    return await measure(broker, options)
  } finally {
    await broker.stop()
  }
}

async function startSecured(): Promise<Broker> {
  const { settings: all, admin, brokers, stop } = await startKafka({ brokers: 1 })
  const settings = ownSettings(all)
  return { pid: brokers[0]!.server.pid, access: accessFrom(settings), admin, settings, stop }
}

async function startPlaintext(dir: string): Promise<Broker> {
  const { access, pid, stop } = await startPlainBroker(mkdtempSync(join(dir, 'kafka-')))
  const replicas = { ECLUSE_KAFKA_REPLICATION: '1', ECLUSE_KAFKA_MIN_INSYNC_REPLICAS: '1' }
  return { pid, access, admin: access, settings: ownSettings({ ECLUSE_EVENT_LOG: access.url, ...replicas }), stop }
}

async function measure(broker: Broker, options: KafkaBenchOptions): Promise<KafkaReport> {
  const log = openBenchLog(broker.access)
  await log.ensureTopic(TOPICS.naive, { partitions: PARTITIONS, retentionMs: null })
  const dirs = Object.fromEntries(VARIANTS.map(variant => [variant, mkdtempSync(join(options.dir, `${variant}-`))]))
  const servers = new Map<Variant, BenchServer>()
  for (const variant of VARIANTS) {
    const { access, settings } = broker
    const job = { variant, dataDir: dirs[variant]!, kafka: { access, topic: TOPICS[variant], settings } }
    servers.set(variant, await startServer(job, options.profileDir))
  }
  const stacks = [...servers].map(([name, { target, pid }]) => ({
    name,
    target,
    cpu: { process: () => cpuSecondsOf(pid), broker: () => cpuSecondsOf(broker.pid) },
  }))
  const report = await measureRounds(stacks, options.shapes, options.rounds)
  for (const server of servers.values()) await server.stop()
  const appended: Record<string, number> = {}
  for (const variant of VARIANTS) {
    appended[variant] = await countRecords(broker.admin, TOPICS[variant])
    const acknowledged = report.acknowledged[variant]!
    if (appended[variant] < acknowledged)
      throw new Error(`${variant}: ${acknowledged} events were acknowledged, ${appended[variant]} records are there`)
  }
  const archive = await measureArchives(broker, dirs.governed!, appended.governed!, options)
  await log.close()
  return { ...report, appended, archive }
}

async function countRecords(access: ServerAccess, topic: string): Promise<number> {
  const admin = makeKafka(access).admin()
  await admin.connect()
  try {
    const offsets = await admin.fetchTopicOffsets(topic)
    return offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0)
  } finally {
    await admin.disconnect()
  }
}

async function measureArchives(
  broker: Broker,
  dataDir: string,
  events: number,
  { mongodb, profileDir }: KafkaBenchOptions,
): Promise<Record<string, ArchiveReport>> {
  const reports: Record<string, ArchiveReport> = {}
  const measureInto = async (settings: Record<string, string>) => {
    const job = { variant: 'archive' as const, dataDir, kafka: { ...broker, topic: '', settings } }
    return measureArchive(broker, job, events, profileDir)
  }
  reports.embedded = await measureInto(broker.settings)
  if (!mongodb) return reports
  const ferretdb = await startFerretdb()
  try {
    await forgetPositions(broker.admin)
    const documents = Object.entries(ferretdb.settings).filter(([name]) => name.startsWith('ECLUSE_DOCUMENTS'))
    reports.mongodb = await measureInto({ ...broker.settings, ...Object.fromEntries(documents) })
  } finally {
    await ferretdb.stop()
  }
  return reports
}

/** Until the group has handled every record of the governed topic. */
async function measureArchive(
  broker: Broker,
  job: Job,
  events: number,
  profileDir: string | undefined,
): Promise<ArchiveReport> {
  const log = openBenchLog(broker.access)
  const server = await startServer(job, profileDir)
  try {
    const [ownBefore, brokerBefore, startMs] = [cpuSecondsOf(server.pid), cpuSecondsOf(broker.pid), performance.now()]
    while (!(await isHandled(log))) await sleep(LOOK_EVERY_MS)
    const seconds = (performance.now() - startMs) / 1_000
    const perMillion = (cpuSeconds: number) => Number(((cpuSeconds / events) * 1e6).toPrecision(4))
    return {
      events,
      processCpuSecondsPerMillion: perMillion(cpuSecondsOf(server.pid) - ownBefore),
      brokerCpuSecondsPerMillion: perMillion(cpuSecondsOf(broker.pid) - brokerBefore),
      eventsPerSecond: Math.round(events / seconds),
    }
  } finally {
    await server.stop()
    await log.close()
  }
}

/** A broker that makes its first group cannot say so yet. */
function isHandled(log: EventLog): Promise<boolean> {
  return log.lag(ARCHIVE_GROUP, [TOPICS.governed]).then(
    lag => lag === 0,
    () => false,
  )
}

/** Lets the next processors begin at the first record, once the last ones' session has ended. */
async function forgetPositions(access: ServerAccess): Promise<void> {
  const admin = makeKafka(access).admin({ retry: { retries: 0 } })
  await admin.connect()
  try {
    await eventually('the group is empty', () =>
      admin.deleteGroups([ARCHIVE_GROUP]).then(
        () => true,
        () => false,
      ),
    )
  } finally {
    await admin.disconnect()
  }
}

/** Écluse's variables without those of other users, which it does not know. */
function ownSettings(settings: Record<string, string>): Record<string, string> {
  const own = Object.entries(settings).filter(([name]) => /^ECLUSE_(EVENT_LOG|KAFKA)/.test(name))
  return { ...Object.fromEntries(own), ECLUSE_KAFKA_SESSION_MS: String(SESSION_MS) }
}

function accessFrom(settings: Record<string, string>): ServerAccess {
  const of = (suffix: string) => settings[`ECLUSE_EVENT_LOG${suffix}`]
  return {
    url: of('')!,
    username: of('_USERNAME'),
    password: of('_PASSWORD'),
    ca: of('_CA'),
    cert: of('_CERT'),
    key: of('_KEY'),
  }
}
