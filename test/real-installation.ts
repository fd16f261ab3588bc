// Écluse as it runs on real servers: two gateways and two processors, each a process of its own, on the project's two
// datasets under names of this run, with databases, a keyspace and a place in the lake that no other run knows.

import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { IngestAnswer } from '../gateway/outcome.ts'
import { loadContracts } from '../governance/contract/load.ts'
import { type Config, readConfig } from '../runtime/config.ts'
import { type TemporaryKeyspace, temporaryKeyspace } from '../storage/tables/cassandra-fixture.ts'
import { engineSettings, GATEWAY, PROCESSORS, partAccess, variableOf } from './engines/environment.ts'
import { eventually } from './eventually.ts'
import { type Member, ownDatabases, startMember } from './fleet-member.ts'
import { makeDir } from './spawn-ecluse.ts'

export interface RealInstallation {
  /** Stands in the names of datasets, databases and prefixes. */
  run: string
  /** The names of the project's own datasets in this run. */
  transactions: string
  profiles: string
  /** Écluse's variables, and AWS's. */
  settings: Record<string, string>
  /** The same, for opening a port beside the processes. */
  config: Config
  dir: string
  gateways: Member[]
  processors: Member[]
  keyspace: TemporaryKeyspace
  /** Asks a gateway with the key of a role. */
  call(role: string, path: string, gateway?: number): Promise<Response>
  post(dataset: string, body: unknown, gateway?: number): Promise<{ status: number; answer: IngestAnswer }>
  contracts(): Promise<Awaited<ReturnType<typeof loadContracts>>['contracts']>
  /** Sums a counter of the processors; `labels` is a part of what stands in its braces. */
  processed(dataset: string, effect: string): Promise<number>
  /** Resolves when processors have handled all there is. */
  settled(): Promise<void>
  /** What all of them wrote. */
  output(): string
  stop(): Promise<void>
}

/** Short, so that what a stopped member held is given to others within a test. */
const SESSION_MS = 6_000
const SETTLE_MS = 180_000

export interface InstallationOptions {
  /** Settings of each gateway, over those of all. Two without any, if left out. */
  gateways?: Record<string, string>[]
  /** Settings of all, over those of every test. */
  settings?: Record<string, string>
  /** How many; 2 if left out. */
  processors?: number
}

export async function startInstallation(options: InstallationOptions = {}): Promise<RealInstallation> {
  const ofGateways = options.gateways ?? [{}, {}]
  const run = randomBytes(4).toString('hex')
  const [transactions, profiles] = [`transactions-${run}`, `user-profiles-${run}`]
  const dir = makeRenamedDir({ transactions, 'user-profiles': profiles })
  const keyspace = await temporaryKeyspace()
  const settings = { ...ownPlaces(engineSettings(), run, keyspace.access.url), ...settingsOfAll(), ...options.settings }
  const started = await Promise.allSettled([
    ...ofGateways.map((own, at) =>
      startMember(`gateway-${at + 1}`, 'gateway', dir, { ...settings, ...rightsOf(GATEWAY), ...own }),
    ),
    ...Array.from({ length: options.processors ?? 2 }, (_, at) =>
      startMember(`processors-${at + 1}`, 'processors', dir, { ...settings, ...rightsOf(PROCESSORS) }),
    ),
  ])
  const members = started.flatMap(each => (each.status === 'fulfilled' ? each.value : []))
  const stop = async () => {
    await Promise.all(members.map(each => each.end()))
    await keyspace.drop()
  }
  const failed = started.find(each => each.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason
  }
  const [gateways, processors] = [members.slice(0, ofGateways.length), members.slice(ofGateways.length)]
  const config = readConfig(onlyOurs(settings))
  return {
    ...{ run, transactions, profiles, settings, config, dir, gateways, processors, keyspace, stop },
    call: (role, path, gateway = 0) => gateways[gateway]!.current.call(role, path),
    post: (dataset, body, gateway = 0) => gateways[gateway]!.current.post(dataset, body),
    contracts: async () => {
      const dirs = { schemasDir: join(dir, 'schemas'), policiesDir: join(dir, 'policies') }
      return (await loadContracts({ ...dirs, maxViolations: 20 })).contracts
    },
    processed: (dataset, effect) => countOf(processors, dataset, effect),
    settled: () => settled(processors),
    output: () => members.map(({ name, current }) => `-- ${name}\n${current.output()}`).join('\n'),
  }
}

/** What an answer says beside its results: why a request was not taken whole. */
export function saidBeside({ status, answer }: { status: number; answer: object }): string {
  return JSON.stringify({ status, ...answer, results: undefined })
}

/** Each part has a user of its own in Kafka, who has its rights alone. */
function rightsOf(part: Parameters<typeof partAccess>[1]): Record<string, string> {
  const { username, password } = partAccess('event-log', part)
  return { [`${variableOf('event-log')}_USERNAME`]: username!, [`${variableOf('event-log')}_PASSWORD`]: password! }
}

const settingsOfAll = () => ({
  ECLUSE_KEK: randomBytes(32).toString('base64'),
  ECLUSE_KAFKA_SESSION_MS: String(SESSION_MS),
  ECLUSE_KAFKA_PARTITIONS: '3',
  ECLUSE_LEASE_MS: '500',
  ECLUSE_LAKE_FLUSH_MS: '500',
  ECLUSE_AUDIT_HEAD_MS: '1000',
  // The machine runs all the servers besides.
  ECLUSE_APPEND_MS: '60000',
})

/** Schemas and policies of the project with the datasets under other names. */
export function makeRenamedDir(names: Record<string, string>): string {
  const dir = makeDir()
  rmSync(join(dir, 'schemas/lock.json'))
  for (const [name, renamed] of Object.entries(names)) {
    renameSync(join(dir, 'schemas', name), join(dir, 'schemas', renamed))
    const policy = readFileSync(join(dir, 'policies', `${name}.yaml`), 'utf8')
    writeFileSync(join(dir, 'policies', `${renamed}.yaml`), policy.replace(`dataset: ${name}`, `dataset: ${renamed}`))
    rmSync(join(dir, 'policies', `${name}.yaml`))
  }
  return dir
}

/** Databases, a keyspace and a prefix below the one we may write to. */
function ownPlaces(settings: Record<string, string>, run: string, tables: string): Record<string, string> {
  const lake = settings.ECLUSE_LAKE!.replace(/^([^?]*?)\/?(\?|$)/, `$1/${run}$2`)
  return { ...ownDatabases(settings, run), ECLUSE_TABLES: tables, ECLUSE_LAKE: lake }
}

export function onlyOurs(settings: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => name.startsWith('ECLUSE_')))
}

async function metricsOf({ current }: Member): Promise<string> {
  return (await fetch(`${current.url}/metrics`)).text()
}

async function countOf(processors: Member[], dataset: string, effect: string): Promise<number> {
  const line = new RegExp(
    `^ecluse_processor_records\\w*\\{(?=[^}]*dataset="${dataset}")(?=[^}]*effect="${effect}")[^}]*\\} (\\d+)`,
    'm',
  )
  const texts = await Promise.all(processors.filter(({ running }) => running).map(metricsOf))
  return texts.reduce((sum, text) => sum + Number(line.exec(text)?.[1] ?? 0), 0)
}

async function settled(processors: Member[]): Promise<void> {
  const isDone = async (member: Member) => /^ecluse_processor_lag_records\S* 0$/m.test(await metricsOf(member))
  await eventually(
    'processors have handled everything',
    async () => (await Promise.all(processors.filter(({ running }) => running).map(isDone))).every(done => done),
    SETTLE_MS,
  )
}
