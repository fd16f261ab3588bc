// ecluse keys: API keys and domain keys, directly in the vault: for the first key of an installation, before anyone has
// one to ask a running gateway with. Gateways notice within one lease.

import { parseArgs } from 'node:util'
import { makeApiKey, type Role } from '../gateway/authenticate.ts'
import { didYouMean } from '../governance/contract/did-you-mean.ts'
import { DATASET_PATTERN } from '../governance/contract/policy.ts'
import { openKeyRing } from '../governance/subjects/key-ring.ts'
import type { Config } from '../runtime/config.ts'
import type { Vault } from '../storage/vault/vault.ts'
import { loadKek } from './load-kek.ts'
import { openVault } from './open-stores.ts'
import { UsageError, type Verb } from './verb.ts'

const ROLES: Role[] = ['producer', 'data-owner', 'data-steward', 'data-engineer', 'analyst', 'dpo', 'auditor']
const VERBS = ['create', 'list', 'revoke', 'rotate']
const DAY_MS = 86_400_000
const MAX_DAYS = 36_500

const options = {
  role: { type: 'string' },
  datasets: { type: 'string', default: '*' },
  days: { type: 'string' },
} as const

const keys: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  const [what = '', name = ''] = positionals
  if (!VERBS.includes(what)) throw new UsageError(`say what to do: ${VERBS.join(', ')}`)
  const vault = await openVault(config)
  try {
    if (what === 'create') return await create(vault, values)
    if (what === 'list') return await list(vault)
    if (what === 'revoke') return await revoke(vault, name)
    return await rotate(vault, config, name)
  } finally {
    await vault.close()
  }
}

async function create(vault: Vault, values: { role?: string; datasets: string; days?: string }): Promise<number> {
  const role = ROLES.find(known => known === values.role)
  if (!role) throw new UsageError(`--role is one of ${ROLES.join(', ')}. ${didYouMean(values.role ?? '', ROLES)}`)
  const days = values.days === undefined ? undefined : Number(values.days)
  if (days !== undefined && !(Number.isInteger(days) && days >= 1 && days <= MAX_DAYS))
    throw new UsageError(`--days is a whole number from 1 to ${MAX_DAYS}`)
  const datasets = values.datasets.split(',')
  if (!datasets.every(name => name === '*' || new RegExp(DATASET_PATTERN).test(name)))
    throw new UsageError('--datasets is a list of dataset names with commas between, or *')
  const expiresAtMs = days === undefined ? null : Date.now() + days * DAY_MS
  const { apiKey, credential } = makeApiKey(role, datasets, Date.now(), expiresAtMs)
  await vault.putCredential(credential)
  process.stderr.write(`API key ${credential.id} for ${role} on ${values.datasets}; it is shown this once:\n`)
  process.stdout.write(`${apiKey}\n`)
  return 0
}

async function list(vault: Vault): Promise<number> {
  for (const { id, role, datasets, createdAtMs, expiresAtMs } of await vault.listCredentials()) {
    const ends = expiresAtMs === null ? 'never expires' : `expires ${new Date(expiresAtMs).toISOString()}`
    process.stdout.write(
      `${id}  ${role}  ${datasets.join(',')}  made ${new Date(createdAtMs).toISOString()}, ${ends}\n`,
    )
  }
  return 0
}

async function revoke(vault: Vault, id: string): Promise<number> {
  if (!(await vault.deleteCredential(id))) throw new Error('there is no key of this id: `ecluse keys list` shows them')
  process.stderr.write(`revoked ${id}\n`)
  return 0
}

async function rotate(vault: Vault, config: Config, domain: string): Promise<number> {
  if ((await vault.listKeys(`domain/${domain}/`)).length === 0)
    throw new Error('no policy that was live uses a domain of this name')
  const ring = await openKeyRing(vault, loadKek(config), Date.now)
  const id = await ring.rotateDomain(domain, config.domainOverlapMs)
  const until = new Date(Date.now() + config.domainOverlapMs).toISOString()
  process.stderr.write(`domain ${domain} has key ${id}; events carry both tokens until ${until}\n`)
  return 0
}

export default keys
