// A real vault in a directory of its own, for tests; removed after the test.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openSqliteVault } from '../storage/vault/sqlite.ts'
import type { Vault } from '../storage/vault/vault.ts'

/** Opens a new vault; `openAgain` gives another connection to it, as another process has. */
export async function temporaryVault(t: TestContext): Promise<{ vault: Vault; dir: string; openAgain(): Vault }> {
  const dir = await mkdtemp(join(tmpdir(), 'vault-'))
  const opened: Vault[] = []
  const openAgain = () => {
    const vault = openSqliteVault(join(dir, 'vault.sqlite'))
    opened.push(vault)
    return vault
  }
  t.after(async () => {
    for (const vault of opened) await vault.close()
    await rm(dir, { recursive: true })
  })
  return { vault: openAgain(), dir, openAgain }
}
