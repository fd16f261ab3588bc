// The key-encryption key: from the configuration, or, in development, made once and kept beside the data it protects,
// which is no protection against whoever has the disk, and said so.

import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../runtime/config.ts'

/** 32 bytes. @throws Error when production has none (the configuration refuses that first) */
export function loadKek(config: Config): Buffer {
  if (config.kek) return config.kek
  if (config.mode === 'production') throw new Error('ECLUSE_KEK must be set in production')
  const path = join(config.dataDir, 'dev-kek')
  if (!existsSync(path)) writeFileSync(path, randomBytes(32).toString('base64'), { mode: 0o600, flag: 'wx' })
  return Buffer.from(readFileSync(path, 'utf8'), 'base64')
}
