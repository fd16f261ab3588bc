// Development's API keys: one a role, made at first start, shown once, kept in the data directory (0600).

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeApiKey } from '../gateway/authenticate.ts'
import { type Role, roleNames } from '../governance/access/roles.ts'
import type { Config } from '../runtime/config.ts'
import type { Vault } from '../storage/vault/vault.ts'

function devCredentialsPath(config: Config): string {
  return join(config.dataDir, 'dev-credentials.json')
}

/** Makes the keys if there are none yet; those made just now, by role, or undefined. */
export async function makeDevCredentials(config: Config, vault: Vault): Promise<Record<string, string> | undefined> {
  const path = devCredentialsPath(config)
  if (config.mode !== 'development' || existsSync(path)) return undefined
  const keys: Record<string, string> = {}
  for (const role of roleNames) {
    const { apiKey, credential } = makeApiKey({
      name: `development: ${role}`,
      roles: [role],
      datasets: ['*'],
      nowMs: Date.now(),
    })
    await vault.putCredential(credential)
    keys[role] = apiKey
  }
  // Where every store is a server, nothing else has made it.
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  writeFileSync(path, `${JSON.stringify(keys, null, 2)}\n`, { mode: 0o600 })
  return keys
}

/** Shown once; never through the log. */
export function tellDevCredentials(config: Config, keys: Record<string, string>): void {
  const lines = Object.entries(keys).map(([role, key]) => `  ${role.padEnd(14)} ${key}`)
  process.stderr.write(
    `API keys for development, shown this once (kept in ${devCredentialsPath(config)}):\n${lines.join('\n')}\n`,
  )
}

/** The key for a client verb: the configured one, else development's. @throws Error when there is neither */
export function clientApiKey(config: Config, role: Role): string {
  if (config.apiKey !== '') return config.apiKey
  const path = devCredentialsPath(config)
  if (!existsSync(path))
    throw new Error(
      `no API key: set ECLUSE_API_KEY, or start \`ecluse serve\` in development first (it writes ${path})`,
    )
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>)[role]!
  } catch {
    // The parser's own message would quote the keys.
    throw new Error(`${path} cannot be read as JSON: set ECLUSE_API_KEY, or make a key with \`ecluse keys create\``)
  }
}
