// One process of an installation of several, which may die and come back.

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type EcluseProcess, spawnEcluse } from './spawn-ecluse.ts'

/** One process, which may die and come back. */
export interface Member {
  name: string
  /** The one that runs, or ran last. */
  current: EcluseProcess
  running: boolean
  end(signal?: NodeJS.Signals): Promise<void>
  /** A gateway comes back on its port. */
  restart(): Promise<void>
}

/** `mongodb://host:port/ecluse_vault?…` → `mongodb://host:port/ecluse_vault_<run>?…`; the ledger of erasures likewise. */
export function ownDatabases(settings: Record<string, string>, run: string): Record<string, string> {
  const names = ['ECLUSE_VAULT', 'ECLUSE_DOCUMENTS', 'ECLUSE_ERASURES']
  const own = names.map(name => [name, settings[name]!.replace(/^([^?]*)/, `$1_${run}`)])
  return { ...settings, ...Object.fromEntries(own) }
}

/** Starts one, with a data directory of its own below `dir`. */
export async function startMember(
  name: string,
  verb: 'gateway' | 'processors',
  dir: string,
  settings: Record<string, string>,
): Promise<Member> {
  const environment = { ...settings, ECLUSE_DATA_DIR: join(dir, name) }
  mkdirSync(join(dir, name))
  const member: Member = {
    name,
    current: await spawnEcluse({ dir, verb, environment }),
    running: true,
    end: async signal => {
      if (!member.running) return
      member.running = false
      await member.current.end(signal)
    },
    restart: async () => {
      member.current = await member.current.restart({ ECLUSE_PORT: new URL(member.current.url).port })
      member.running = true
    },
  }
  return member
}
