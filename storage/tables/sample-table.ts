// The table that the contract suite of the tables port works on.

import type { Row, TableSettings } from './tables.ts'

/** One partition column, two clustering columns, a value of every type. */
export const SETTINGS: TableSettings = {
  columns: {
    part: 'text',
    at: 'timestamp',
    name: 'text',
    total: 'bigint',
    mean: 'double',
    final: 'boolean',
    seen: 'timestamp',
    note: 'text',
  },
  partitionKey: ['part'],
  clusteringKey: [
    { column: 'at', order: 'descending' },
    { column: 'name', order: 'ascending' },
  ],
}

/** A whole row: what is not given is null. */
export const row = (cells: Row): Row => ({
  part: 'p',
  at: 0,
  name: 'n',
  total: null,
  mean: null,
  final: null,
  seen: null,
  note: null,
  ...cells,
})
