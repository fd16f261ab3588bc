// Creates the keyspace and the tables of the tables port in Cassandra. Columns may be added later; a key or a type
// never changes. Several processes may do so at once.

import { setTimeout as pause } from 'node:timers/promises'
import { type Client, errors, type Host, types } from 'cassandra-driver'
import { sqlName } from '../sqlite/sql-name.ts'
import { type CassandraPlace, createKeyspace } from './cassandra-client.ts'
import { type DeclaredTable, declaredTable } from './declared-table.ts'
import type { ColumnType, TableSettings } from './tables.ts'

/** A declared table that stands in Cassandra. */
export interface CassandraTable extends DeclaredTable {
  /** `keyspace."table"` */
  name: string
}

interface StandingColumn {
  column_name: string
  kind: 'partition_key' | 'clustering' | 'regular' | 'static'
  position: number
  clustering_order: 'asc' | 'desc' | 'none'
  type: string
}

/** Cassandra's own bound. */
const MAX_TABLE_NAME = 48
const ATTEMPTS = 3
const AGREEMENT_LIMIT_MS = 10_000
const AGREEMENT_PAUSE_MS = 100
/** What a node answers while others change the same table. */
const RACES: ReadonlySet<number> = new Set([
  types.responseErrorCodes.serverError,
  types.responseErrorCodes.invalid,
  types.responseErrorCodes.alreadyExists,
])

/** A column's name in CQL: quoted, since Cassandra ignores the case of others. */
export const cqlName = (column: string) => `"${column}"`

/** A declaration, checked. @throws TypeError as `declaredTable` does, or for a table name that is no plain name */
export function cassandraTable(
  { keyspace }: CassandraPlace,
  tableName: string,
  settings: TableSettings,
): CassandraTable {
  sqlName(tableName)
  if (tableName.length > MAX_TABLE_NAME) throw new TypeError(`a table's name has ${MAX_TABLE_NAME} characters at most`)
  return { ...declaredTable(settings), name: `${keyspace}.${cqlName(tableName)}` }
}

/** Creates the keyspace unless it is there: whoever may not create one can use what an administrator made. */
export async function ensureKeyspace(client: Client, place: CassandraPlace): Promise<void> {
  const found = await client.execute('SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?', [
    place.keyspace,
  ])
  if (found.rowLength === 0) await define(client, createKeyspace(place))
}

/**
 * Creates the table, or adds the columns that are new, and waits until all nodes know it.
 * @throws RangeError when a key or a column's type differs from the table's that stands
 */
export async function ensureCassandraTable(
  client: Client,
  { keyspace }: CassandraPlace,
  tableName: string,
  table: CassandraTable,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const standing = await standingColumns(client, keyspace, tableName)
      // A node that was killed in the middle may know columns of a table that it does not have.
      if (standing.length === 0 || !(await stands(client, keyspace, tableName)))
        await define(client, createTable(table))
      for (const [column, type] of missingColumns(tableName, table, await standingColumns(client, keyspace, tableName)))
        await define(client, `ALTER TABLE ${table.name} ADD ${cqlName(column)} ${type}`)
      return await schemaAgreement(client)
    } catch (error) {
      const raced = error instanceof errors.ResponseError && RACES.has(error.code)
      if (!raced || attempt === ATTEMPTS) throw error
      await schemaAgreement(client)
    }
  }
}

async function stands(client: Client, keyspace: string, tableName: string): Promise<boolean> {
  const query = 'SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?'
  return (await client.execute(query, [keyspace, tableName], onOneNode(client))).rowLength > 0
}

async function standingColumns(client: Client, keyspace: string, tableName: string): Promise<StandingColumn[]> {
  const { rows } = await client.execute(
    `SELECT column_name, kind, position, clustering_order, type FROM system_schema.columns
    WHERE keyspace_name = ? AND table_name = ?`,
    [keyspace, tableName],
    onOneNode(client),
  )
  return rows as unknown as StandingColumn[]
}

/** Runs a statement of the data definition language; the driver waits until the nodes agree. */
async function define(client: Client, cql: string): Promise<void> {
  await client.execute(cql, [], { prepare: false, ...onOneNode(client) })
}

/**
 * All processes choose the same node while it is up: Cassandra may lose one of two definitions of the same table that
 * different nodes take at once, but one node takes them one after the other.
 */
function onOneNode(client: Client): { host?: Host } {
  const up = client.hosts.values().filter(host => host.isUp())
  const [host] = up.sort((one, two) => (one.address < two.address ? -1 : 1))
  return host ? { host } : {}
}

/** @throws Error when the nodes that are up do not agree in time */
async function schemaAgreement(client: Client): Promise<void> {
  const metadata = client.metadata as unknown as { checkSchemaAgreement(): Promise<boolean> }
  const deadlineMs = performance.now() + AGREEMENT_LIMIT_MS
  while (!(await metadata.checkSchemaAgreement())) {
    if (performance.now() > deadlineMs) throw new SchemaDisagreement('the nodes do not agree on the schema')
    await pause(AGREEMENT_PAUSE_MS)
  }
}

/** The nodes that are up did not come to agree on the schema. */
export class SchemaDisagreement extends Error {}

function createTable({ name, columns, partitionKey, clusteringKey }: CassandraTable): string {
  const clustering = clusteringKey.map(({ column }) => `, ${cqlName(column)}`).join('')
  const order = clusteringKey.map(
    ({ column, order }) => `${cqlName(column)} ${order === 'descending' ? 'DESC' : 'ASC'}`,
  )
  return `CREATE TABLE IF NOT EXISTS ${name} (
    ${columns.map(([column, type]) => `${cqlName(column)} ${type}`).join(', ')},
    PRIMARY KEY ((${partitionKey.map(cqlName).join(', ')})${clustering})
  )${order.length > 0 ? ` WITH CLUSTERING ORDER BY (${order.join(', ')})` : ''}`
}

/** The columns that are declared and do not stand yet. @throws RangeError when the key or a type differs */
function missingColumns(
  tableName: string,
  { columns, partitionKey, clusteringKey }: CassandraTable,
  standing: StandingColumn[],
): [string, ColumnType][] {
  const keyOf = (kind: StandingColumn['kind']) =>
    standing
      .filter(column => column.kind === kind)
      .sort((one, two) => one.position - two.position)
      .map(({ column_name, clustering_order }) => `${column_name} ${clustering_order}`)
  const declared = [
    ...partitionKey.map(column => `${column} none`),
    '|',
    ...clusteringKey.map(({ column, order }) => `${column} ${order === 'descending' ? 'desc' : 'asc'}`),
  ]
  if (declared.join() !== [...keyOf('partition_key'), '|', ...keyOf('clustering')].join())
    throw new RangeError(`the key of table ${tableName} cannot change`)
  const types = new Map(standing.map(({ column_name, type }) => [column_name, type]))
  for (const [column, type] of columns)
    if ((types.get(column) ?? type) !== type) throw new RangeError(`the type of ${tableName}.${column} cannot change`)
  return columns.filter(([column]) => !types.has(column))
}
