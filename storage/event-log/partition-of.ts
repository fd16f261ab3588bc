// Which partition a key belongs to: the same for ever, for a given number of partitions.

import { hash } from 'node:crypto'

/** @param partitions 1 or more */
export function partitionOf(key: string, partitions: number): number {
  // The first 32 bits. As text, a hash costs half of what it costs as a buffer.
  return partitions === 1 ? 0 : Number.parseInt(hash('sha256', key).slice(0, 8), 16) % partitions
}
