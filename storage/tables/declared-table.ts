// A table of the tables port as it was declared, checked and put in order. What both sides make their own names from.

import { sqlName } from '../sqlite/sql-name.ts'
import type { ColumnType, TableSettings } from './tables.ts'

export interface DeclaredTable {
  /** All columns, those of the partition key first, then of the clustering key, then the others. */
  columns: [string, ColumnType][]
  keys: string[]
  partitionKey: string[]
  clusteringKey: TableSettings['clusteringKey']
}

const TYPES: ReadonlySet<unknown> = new Set<ColumnType>(['text', 'bigint', 'double', 'boolean', 'timestamp'])

/** @throws TypeError for a column that is no plain name, an unknown type, a key that names no column or one twice */
export function declaredTable({ columns, partitionKey, clusteringKey }: TableSettings): DeclaredTable {
  const keys = [...partitionKey, ...clusteringKey.map(({ column }) => column)]
  if (partitionKey.length === 0) throw new TypeError('a table needs a partition column')
  if (new Set(keys).size < keys.length || !keys.every(key => Object.hasOwn(columns, key))) {
    throw new TypeError('a key names declared columns, each once')
  }
  if (!Object.values(columns).every(type => TYPES.has(type))) throw new TypeError('a column type is not known')
  const others = Object.keys(columns).filter(column => !keys.includes(column))
  const ordered = [...keys, ...others].map((column): [string, ColumnType] => [column, columns[column]!])
  for (const [column] of ordered) sqlName(column)
  return { columns: ordered, keys, partitionKey, clusteringKey }
}
