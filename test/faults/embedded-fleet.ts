// `ecluse serve` with everything embedded, as a fleet of one, on a disk of its own.

import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { topicOf } from '../../governance/contract/topic-of.ts'
import type { Member } from '../fleet-member.ts'
import { makeDir, spawnEcluse } from '../spawn-ecluse.ts'
import { type Fleet, lastWords } from './fleet.ts'

const DATASET = 'transactions'

export interface EmbeddedFleet extends Fleet {
  /** Where the data rests. */
  disk: string
}

/** @param options.sizeMib the size of its disk, which is a part of memory @throws Error where nothing may be mounted */
export async function startEmbedded(options: { sizeMib?: number } = {}): Promise<EmbeddedFleet> {
  const dir = makeDir()
  const disk = join(dir, 'disk')
  mkdirSync(disk)
  const { sizeMib } = options
  if (sizeMib !== undefined) execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeMib}m`, 'tmpfs', disk])
  const settings = { ECLUSE_DATA_DIR: join(disk, 'data') }
  const member: Member = {
    name: 'serve',
    current: await spawnEcluse({ dir, environment: settings }),
    running: true,
    end: async signal => {
      if (member.running) await member.current.end(signal)
      member.running = false
    },
    restart: async () => {
      member.current = await member.current.restart({ ECLUSE_PORT: new URL(member.current.url).port })
      member.running = true
    },
  }
  return {
    dataset: DATASET,
    topic: topicOf(DATASET),
    settings,
    gateways: [member],
    processors: [member],
    key: role => member.current.keys[role]!,
    addresses: () => [member.current.url],
    output: () => lastWords(member.current),
    disk,
    stop: async () => {
      await member.end()
      if (sizeMib !== undefined) execFileSync('umount', [disk])
    },
  }
}
