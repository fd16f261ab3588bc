// ecluse doctor: looks for what would keep Écluse from running here, and says how to mend it. Changes nothing but a
// probe file that it takes away again, and on servers what a first start makes as well.

import { accessSync, constants, existsSync, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { loadAccess } from '../governance/access/live-access.ts'
import { loadAlerts } from '../governance/alerts/read-alerts.ts'
import { loadContracts } from '../governance/contract/load.ts'
import { channelName } from '../processors/alerts/open-channels.ts'
import type { Config } from '../runtime/config.ts'
import { openSqlite } from '../storage/sqlite/open-sqlite.ts'
import { type Examination, examinedPorts } from './examine-ports.ts'
import { openAlertChannels } from './open-alert-channels.ts'
import type { Verb } from './verb.ts'

const OLDEST_NODE_MAJOR = 24
const LEAST_FREE_BYTES = 1_073_741_824

interface Finding {
  what: string
  ok: boolean
  detail: string
}

/** Each returns what it saw, or throws an Error that says what is wrong and how to mend it. */
const examinations: Examination[] = [
  ['Node', examineNode],
  ['data directory', examineDataDir],
  ['durable writes', examineDurableWrites],
  ['free space', examineFreeSpace],
  ['port', examinePort],
  ['key-encryption key', examineKek],
  ['contracts', examineContracts],
  ['access policy', examineAccess],
  ['alerts', examineAlerts],
  ...examinedPorts,
]

const doctor: Verb = async (args, config) => {
  const { values } = parseArgs({ args, options: { json: { type: 'boolean' } } })
  // At once: each server that does not answer is waited for.
  const findings = await Promise.all(examinations.map(each => findingOf(each, config)))
  if (values.json) process.stdout.write(`${JSON.stringify(findings, null, 2)}\n`)
  else
    for (const { what, ok, detail } of findings)
      process.stdout.write(`${ok ? 'ok  ' : 'FAIL'}  ${what.padEnd(20)}${detail}\n`)
  return findings.every(({ ok }) => ok) ? 0 : 1
}

async function findingOf([what, examine]: Examination, config: Config): Promise<Finding> {
  try {
    return { what, ok: true, detail: await examine(config) }
  } catch (error) {
    return { what, ok: false, detail: (error as Error).message }
  }
}

function examineNode(): string {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE_MAJOR)
    throw new Error(`${process.version} is too old: run \`npm ci\`, which brings Node with the project`)
  return process.version
}

function examineDataDir({ dataDir }: Config): string {
  const path = resolve(dataDir)
  const nearest = nearestExisting(path)
  try {
    accessSync(nearest, constants.W_OK)
  } catch {
    throw new Error(`${nearest} cannot be written: change its owner, or set ECLUSE_DATA_DIR`)
  }
  if (nearest === path && (statSync(path).mode & 0o077) !== 0)
    throw new Error(`${path} can be read by others: chmod 700 ${path}`)
  return path
}

function examineDurableWrites({ dataDir }: Config): string {
  const dir = mkdtempSync(join(nearestExisting(resolve(dataDir)), '.ecluse-doctor-'))
  try {
    const db = openSqlite(join(dir, 'probe.sqlite'))
    db.exec('CREATE TABLE probe (id INTEGER PRIMARY KEY)')
    const startMs = performance.now()
    for (let i = 0; i < 20; i++) db.exec(`INSERT INTO probe VALUES (${i})`)
    const eachMs = (performance.now() - startMs) / 20
    db.close()
    return `a commit takes ${eachMs.toFixed(2)} ms here`
  } finally {
    rmSync(dir, { recursive: true })
  }
}

function examineFreeSpace({ dataDir }: Config): string {
  const { bavail, bsize } = statfsSync(nearestExisting(resolve(dataDir)))
  const gib = ((bavail * bsize) / 2 ** 30).toFixed(1)
  if (bavail * bsize < LEAST_FREE_BYTES) throw new Error(`only ${gib} GiB left: make room, or move ECLUSE_DATA_DIR`)
  return `${gib} GiB`
}

async function examinePort({ host, port }: Config): Promise<string> {
  const server = createServer()
  await new Promise<void>((done, fail) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      fail(
        new Error(
          error.code === 'EADDRINUSE'
            ? `${host}:${port} is taken, perhaps by a running Écluse: stop it, or set ECLUSE_PORT`
            : `cannot listen on ${host}:${port} (${error.code}): set ECLUSE_HOST and ECLUSE_PORT`,
        ),
      ),
    )
    server.listen(port, host, done)
  })
  await new Promise(done => server.close(done))
  return `${host}:${port} is free`
}

function examineKek({ kek, dataDir }: Config): string {
  if (kek) return 'given'
  return existsSync(join(dataDir, 'dev-kek'))
    ? 'made for development, kept beside the data: whoever has the disk has the key'
    : 'will be made at first start, for development only'
}

async function examineContracts(config: Config): Promise<string> {
  const { contracts, diagnostics } = await loadContracts(config)
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length
  if (errors > 0) throw new Error(`${errors} errors in schemas and policies: \`ecluse check\` lists them`)
  if (contracts.size === 0) throw new Error('no dataset is declared: put a schema and a policy into place')
  return [...contracts.keys()].join(', ')
}

async function examineAccess({ policiesDir }: Config): Promise<string> {
  await loadAccess(policiesDir).catch(() => {
    throw new Error('the access policy cannot be used: `ecluse check` says why')
  })
  return join(policiesDir, 'access')
}

/** E-mail is left to whoever sets a server; a webhook that a route names has to be there. */
async function examineAlerts(config: Config): Promise<string> {
  const { policy } = await loadAlerts(config.policiesDir, { nowMs: Date.now() })
  if (!policy) throw new Error('policies/alerts.yaml cannot be used: `ecluse check` says why')
  if (policy.routes.length === 0) return 'nobody is told of anomalies: policies/alerts.yaml has no routes'
  const channels = openAlertChannels(config, () => undefined, Date.now)
  const failure = await channels.verifyMail()
  if (failure) throw new Error(`the mail server of ECLUSE_SMTP_URL: ${failure.reason}`)
  const named = policy.routes.flatMap(({ to }) => to)
  for (const channel of named) {
    const because = channels.obstacle(channel)
    if (because !== undefined && channel.kind !== 'email') throw new Error(`${channelName(channel)}: ${because}`)
  }
  const isUnsent = named.some(({ kind }) => kind === 'email') && !config.smtpUrl
  return `routes: ${policy.routes.map(({ name }) => name).join(', ')}${isUnsent ? '; e-mail is not sent: ECLUSE_SMTP_URL is not set' : ''}`
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path))
}

export default doctor
