// The key-encryption key: from the configuration, or, in development, made once and kept beside the data it protects,
// which is no protection against whoever has the disk, and said so.

import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Keks } from '../governance/subjects/system-keys.ts'
import type { Config } from '../runtime/config.ts'

const KEK_BYTES = 32

/** The KEK, and the one that takes its place while it is changed. */
export function loadKeks(config: Config): Keks {
  return { kek: loadKek(config), nextKek: config.kekNext }
}

/** 32 bytes. @throws Error when production has none (the configuration refuses that first) */
export function loadKek(config: Config): Buffer {
  if (config.kek) return config.kek
  if (config.mode === 'production') throw new Error('ECLUSE_KEK must be set in production')
  const path = join(config.dataDir, 'dev-kek')
  if (!existsSync(path)) writeFileSync(path, randomBytes(KEK_BYTES).toString('base64'), { mode: 0o600, flag: 'wx' })
  const kek = Buffer.from(readFileSync(path, 'utf8'), 'base64')
  if (kek.length !== KEK_BYTES)
    throw new Error(
      `${path} is damaged: it must hold ${KEK_BYTES} bytes in base64. Restore it, or start with an empty data directory.`,
    )
  return kek
}
