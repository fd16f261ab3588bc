// ecluse vault: copies of the embedded vault, and how to bring one back. What that means for the newest persons stands
// in docs/install.md.

import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Config } from '../runtime/config.ts'
import { lockDirectory } from '../storage/sqlite/lock-directory.ts'
import { type BackUpFiles, backUpSqliteVault, restoreSqliteVault } from '../storage/vault/back-up-sqlite.ts'
import { inDataDir, isEmbedded } from './open-stores.ts'
import { printJson } from './print-json.ts'
import { UsageError, type Verb } from './verb.ts'

const options = { 'epoch-keys': { type: 'string' }, json: { type: 'boolean', default: false } } as const

const vault: Verb = async (args, config) => {
  const { values, positionals } = parseArgs({ args, allowPositionals: true, options })
  const [what = '', copy] = positionals
  if (!['backup', 'restore'].includes(what)) throw new UsageError('say what to do: backup, restore')
  if (!copy) throw new UsageError(`name a file: ecluse vault ${what} <file> [--epoch-keys <file>]`)
  if (!isEmbedded(config, 'vault'))
    throw new Error(
      'this vault is in MongoDB: use mongodump and mongorestore, the collection vault_keys apart from all others; ' +
        'docs/install.md says why',
    )
  const files = { copy, epochKeys: values['epoch-keys'] ?? `${copy}.epoch-keys` }
  await (what === 'backup' ? backUp(config, files) : restore(config, files))
  if (values.json) printJson({ [what]: files.copy, epochKeys: files.epochKeys })
  return 0
}

async function backUp(config: Config, files: BackUpFiles): Promise<void> {
  const path = inDataDir(config, 'vault.sqlite')
  if (!existsSync(path)) throw new Error(`there is no vault at ${path}`)
  await backUpSqliteVault(path, files)
  process.stderr.write(
    `${files.copy} holds the vault without its epoch keys, ${files.epochKeys} holds these.\n` +
      'Keep one copy of the epoch keys, the newest: whoever has an old one opens what was erased since.\n',
  )
}

async function restore(config: Config, files: BackUpFiles): Promise<void> {
  const path = inDataDir(config, 'vault.sqlite')
  const unlock = lockDirectory(inDataDir(config, ''))
  try {
    // A log that was left behind would be played over what is restored.
    const standing = ['', '-wal', '-shm'].map(suffix => path + suffix).find(file => existsSync(file))
    if (standing) throw new Error(`${standing} is there already: move it away first, with what is named alike`)
    await restoreSqliteVault(files, path)
  } finally {
    unlock()
  }
  process.stderr.write(
    `${path} is restored. At the next start, whoever was erased since the backup is erased again from the ledger of ` +
      'erasures, and restrictions, objections and legal holds are as they stand there. Revoked API keys live again: `ecluse keys list`.\n',
  )
}

export default vault
