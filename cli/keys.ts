// ecluse keys: API keys, domain keys and those that hold all others, directly in the vault: for the first key of an installation, before anyone has
// one to ask a running gateway with. Gateways notice within one lease.

import { parseArgs } from 'node:util'
import { KEY_NAME_PATTERN, MAX_KEY_DAYS, makeApiKey } from '../gateway/authenticate.ts'
import { isRole, roleNames, roles as rolesOf } from '../governance/access/roles.ts'
import { leaveAuditNote } from '../governance/audit/vault-notes.ts'
import { didYouMean } from '../governance/contract/did-you-mean.ts'
import { DATASET_PATTERN } from '../governance/contract/policy.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import type { Config } from '../runtime/config.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { loadKeks } from './load-kek.ts'
import { openVault } from './open-stores.ts'
import { printJson } from './print-json.ts'
import { changeKek, changeLookup, printSigningKey } from './rotate-keys.ts'
import { UsageError, type Verb } from './verb.ts'

const VERBS = ['create', 'list', 'revoke', 'rotate', 'rotate-kek', 'rotate-lookup', 'signing']

const options = {
  role: { type: 'string', multiple: true, default: [] as string[] },
  name: { type: 'string', default: '' },
  datasets: { type: 'string', default: '*' },
  days: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const

const keys: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  const [what = '', name = ''] = positionals
  if (!VERBS.includes(what)) throw new UsageError(`say what to do: ${VERBS.join(', ')}`)
  const vault = await openVault(config)
  try {
    const { json } = values
    if (what === 'create') return await create(vault, values)
    if (what === 'list') return await list(vault, json)
    if (what === 'revoke') return await revoke(vault, name, json)
    if (what === 'rotate-kek') return await changeKek(vault, config, json)
    if (what === 'rotate-lookup') return await changeLookup(vault, config, json)
    if (what === 'signing') return await printSigningKey(vault, config, json)
    return await rotate(vault, config, name, json)
  } finally {
    await vault.close()
  }
}

interface NewKey {
  role: string[]
  name: string
  datasets: string
  days?: string
  json: boolean
}

async function create(vault: Vault, values: NewKey): Promise<number> {
  const roles = [...new Set(values.role)]
  const wrong = roles.length === 0 ? '' : roles.find(role => !isRole(role))
  if (wrong !== undefined) throw new UsageError(`--role is one of these, and may be repeated:\n${describeRoles(wrong)}`)
  const days = values.days === undefined ? undefined : Number(values.days)
  if (days !== undefined && !(Number.isInteger(days) && days >= 1 && days <= MAX_KEY_DAYS))
    throw new UsageError(`--days is a whole number from 1 to ${MAX_KEY_DAYS}`)
  if (!new RegExp(KEY_NAME_PATTERN, 'u').test(values.name))
    throw new UsageError('--name is one line of at most 100 characters')
  const datasets = values.datasets.split(',')
  if (!datasets.every(name => name === '*' || new RegExp(DATASET_PATTERN).test(name)))
    throw new UsageError('--datasets is a list of dataset names with commas between, or *')
  const { apiKey, credential } = makeApiKey({ name: values.name, roles, datasets, nowMs: Date.now(), days })
  const { id, expiresAtMs } = credential
  const expiresAt = expiresAtMs === null ? null : timeOf(expiresAtMs)
  await leaveAuditNote(vault, Date.now(), { kind: 'key-made', details: { key: id, roles, datasets, expiresAt } })
  await vault.putCredential(credential)
  process.stderr.write(
    `API key ${credential.id} for ${roles.join(', ')} on ${values.datasets}; it is shown this once:\n`,
  )
  if (values.json) printJson({ id, apiKey, name: values.name, roles, datasets, expiresAt })
  else process.stdout.write(`${apiKey}\n`)
  return 0
}

function describeRoles(wrong: string): string {
  const lines = roleNames.map(role => `  ${role.padEnd(14)} ${rolesOf[role]}`)
  return `${lines.join('\n')}\n${didYouMean(wrong, roleNames)}`
}

async function list(vault: Vault, json: boolean): Promise<number> {
  const listed = (await vault.listCredentials()).map(({ id, name, roles, datasets, createdAtMs, expiresAtMs }) => ({
    ...{ id, name, roles, datasets, createdAt: timeOf(createdAtMs) },
    expiresAt: expiresAtMs === null ? null : timeOf(expiresAtMs),
  }))
  if (json) printJson(listed)
  else process.stdout.write(listed.map(describe).join(''))
  return 0
}

interface Listed {
  id: string
  name: string
  roles: string[]
  datasets: string[]
  createdAt: string
  expiresAt: string | null
}

function describe({ id, name, roles, datasets, createdAt, expiresAt }: Listed): string {
  const ends = expiresAt === null ? 'never expires' : `expires ${expiresAt}`
  const called = name === '' ? '' : `: ${name}`
  return `${id}  ${roles.join(',')}  ${datasets.join(',')}  made ${createdAt}, ${ends}${called}\n`
}

const timeOf = (ms: number) => new Date(ms).toISOString()

async function revoke(vault: Vault, id: string, json: boolean): Promise<number> {
  if (!(await vault.findCredential(id))) throw new Error('there is no key of this id: `ecluse keys list` shows them')
  await leaveAuditNote(vault, Date.now(), { kind: 'key-revoked', details: { key: id } })
  await vault.deleteCredential(id)
  process.stderr.write(`revoked ${id}\n`)
  if (json) printJson({ revoked: id })
  return 0
}

async function rotate(vault: Vault, config: Config, domain: string, json: boolean): Promise<number> {
  if ((await vault.listKeys(`domain/${domain}/`)).length === 0)
    throw new Error('no policy that was live uses a domain of this name')
  const ring = await openKeyRing(vault, loadKeks(config), Date.now)
  await leaveAuditNote(vault, Date.now(), { kind: 'key-rotated', details: { keys: 'domain', domain } })
  const id = await ring.rotateDomain(domain, config.domainOverlapMs)
  const until = timeOf(Date.now() + config.domainOverlapMs)
  process.stderr.write(`domain ${domain} has key ${id}; events carry both tokens until ${until}\n`)
  if (json) printJson({ domain, key: id, bothUntil: until })
  return 0
}

export default keys
