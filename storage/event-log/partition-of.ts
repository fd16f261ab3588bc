// Which partition a key belongs to: the same for ever, for a given number of partitions.

import { hash } from 'node:crypto'

/** @param partitions 1 or more */
export function partitionOf(key: string, partitions: number): number {
  return partitions === 1 ? 0 : hash('sha256', key, 'buffer').readUInt32BE(0) % partitions
}
