// Several gateways and processors of one installation, each a process of its own, on a dataset and databases that no
// other test knows.

import { randomBytes } from 'node:crypto'
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { topicOf } from '../../governance/contract/topic-of.ts'
import { type Member, ownDatabases, startMember } from '../fleet-member.ts'
import { type EcluseProcess, makeDir } from '../spawn-ecluse.ts'
import { allEngines } from './engine-set.ts'

/** Short, so that what a dead or stopped member held is given to others within a test. */
export const SESSION_MS = 6_000

/** Characters of a process's output. */
const SHOWN = 4_000

export interface Fleet {
  dataset: string
  topic: string
  /** Écluse's settings, for opening a port beside the processes. */
  settings: Record<string, string>
  gateways: Member[]
  processors: Member[]
  /** An API key, good at every gateway. */
  key(role: string): string
  /** Addresses of the gateways, running or not. */
  addresses(): string[]
  /** What all of them wrote, for the message of a failed test. */
  output(): string
  stop(): Promise<void>
}

export interface FleetOptions {
  gateways: number
  processors: number
  /** Over those of the engines. */
  settings?: Record<string, string> | undefined
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const run = randomBytes(4).toString('hex')
  const dataset = `payments-${run}`
  const dir = makeDatasetDir(dataset)
  const engines = await allEngines()
  const all = {
    ...ownDatabases(engines, run),
    ECLUSE_KEK: randomBytes(32).toString('base64'),
    ECLUSE_KAFKA_SESSION_MS: String(SESSION_MS),
    ECLUSE_KAFKA_PARTITIONS: '6',
  }
  const settingsOf = (part: Part | 'both') => withOverrides(asPart(all, part), options.settings)
  const member = (part: Part, at: number) => startMember(`${part}-${at + 1}`, part, dir, settingsOf(part))
  const started = await Promise.allSettled([
    ...Array.from({ length: options.gateways }, (_, at) => member('gateway', at)),
    ...Array.from({ length: options.processors }, (_, at) => member('processors', at)),
  ])
  const members = started.flatMap(each => (each.status === 'fulfilled' ? each.value : []))
  const stop = async () => void (await Promise.all(members.map(each => each.end())))
  const failed = started.find(each => each.status === 'rejected')
  if (failed) {
    await stop()
    throw failed.reason
  }
  const gateways = members.slice(0, options.gateways)
  return {
    dataset,
    topic: topicOf(dataset),
    settings: settingsOf('both'),
    gateways,
    processors: members.slice(options.gateways),
    key: role => gateways[0]!.current.keys[role]!,
    addresses: () => gateways.map(({ current }) => current.url),
    output: () => members.map(({ name, current }) => `-- ${name}\n${lastWords(current)}`).join('\n'),
    stop,
  }
}

/** The end of what a process wrote, without its API keys. */
export function lastWords(ecluse: EcluseProcess): string {
  return ecluse
    .output()
    .slice(-SHOWN)
    .replace(/eck_[\w-]+/g, 'eck_…')
}

type Part = 'gateway' | 'processors'

/** The settings of a part, under its own user where a server has one for it; of both, under one who may do both. */
function asPart(all: Record<string, string>, part: Part | 'both'): Record<string, string> {
  const whose = /^ECLUSE_(GATEWAY|PROCESSORS)_/
  const shared = Object.entries(all).filter(([name]) => !whose.test(name))
  const own = Object.entries(all).filter(([name]) => whose.exec(name)?.[1] === part.toUpperCase())
  return Object.fromEntries([...shared, ...own.map(([name, value]) => [name.replace(whose, 'ECLUSE_'), value])])
}

/** Another server for the log comes with all that stands beside it. */
function withOverrides(settings: Record<string, string>, overrides: Record<string, string> = {}) {
  const kept = Object.entries(settings).filter(
    ([name]) => !overrides.ECLUSE_EVENT_LOG || !name.startsWith('ECLUSE_EVENT_LOG'),
  )
  return { ...Object.fromEntries(kept), ...overrides }
}

/** Schemas and policies with one dataset: the sample's, under another name. */
function makeDatasetDir(dataset: string): string {
  const dir = makeDir()
  for (const name of ['schemas/lock.json', 'schemas/user-profiles', 'policies/user-profiles.yaml'])
    rmSync(join(dir, name), { recursive: true })
  renameSync(join(dir, 'schemas/transactions'), join(dir, 'schemas', dataset))
  const policy = readFileSync(join(dir, 'policies/transactions.yaml'), 'utf8')
  writeFileSync(
    join(dir, 'policies', `${dataset}.yaml`),
    policy.replace('dataset: transactions', `dataset: ${dataset}`),
  )
  rmSync(join(dir, 'policies/transactions.yaml'))
  return dir
}
