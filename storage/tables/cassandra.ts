// The tables port's real side: Cassandra, through its driver. The write version is the write timestamp, so stale
// writes lose on the server, whoever sends them; nothing here ever reads before it writes.

import type { Client, types } from 'cassandra-driver'
import { reach } from '../reach.ts'
import type { ServerAccess } from '../server-access.ts'
import { bindCell } from './bind.ts'
import { type CassandraPlace, cassandraClient, cassandraPlace } from './cassandra-client.ts'
import { explainCassandra } from './cassandra-explain.ts'
import {
  type CassandraTable,
  cassandraTable,
  cqlName,
  ensureCassandraTable,
  ensureKeyspace,
} from './cassandra-schema.ts'
import { cqlCells, removalsOf, send, toCql, upsertsOf } from './cassandra-write.ts'
import { type CellValue, type ReadOptions, type Row, type Tables, TablesUnavailable } from './tables.ts'

const MAX_ROWS = 10_000
/** A table of one row, written to see that writing works. */
const PING_TABLE = 'ecluse_ping'

/**
 * Opens a table store on Cassandra, without connecting yet: the first operation does, and each later one again as long
 * as there is no server. Tables are declared again after each opening.
 * Rows with a time to live disappear by themselves; a removal is remembered for the table's gc_grace_seconds (10 days).
 * @param access `cassandra://host:port,host/keyspace?dc=datacenter1&tls=true&replication=3`
 * @throws Error when the URL cannot be understood
 */
export async function openCassandraTables(access: ServerAccess): Promise<Tables> {
  const parsed = cassandraPlace(access)
  const { place } = parsed
  const { client, close } = cassandraClient(access, parsed)
  const tables = new Map<string, CassandraTable>()
  const tableOf = (name: string): CassandraTable => {
    const table = tables.get(name)
    if (!table) throw new RangeError('the table was not declared with ensureTable')
    return table
  }
  const inFlight = new Set<Promise<unknown>>()
  let closed = false
  const run = async <T>(work: () => Promise<T>): Promise<T> => {
    if (closed) throw new TablesUnavailable('the table store was closed')
    const running = reach(TablesUnavailable, work, error => explainCassandra(place, error))
    inFlight.add(running)
    return running.finally(() => inFlight.delete(running))
  }
  const keyspace = untilDone(() => ensureKeyspace(client, place))
  const pingTable = untilDone(async () => {
    await keyspace()
    return makePingTable(client, place)
  })

  return {
    ensureTable: (name, settings) =>
      run(async () => {
        const table = cassandraTable(place, name, settings)
        await keyspace()
        await ensureCassandraTable(client, place, name, table)
        tables.set(name, table)
      }),
    upsert: (name, upserts) => run(async () => send(client, upsertsOf(tableOf(name), upserts))),
    remove: (name, removals) => run(async () => send(client, removalsOf(tableOf(name), removals))),
    read: (name, options) => run(async () => read(client, tableOf(name), options)),
    // Cassandra does it by itself.
    expire: async () => {},
    scrub: async () => 'left to the server',
    ping: () =>
      run(async () => {
        const { name } = await pingTable()
        await client.execute(`INSERT INTO ${name} (id, at) VALUES ('ping', ?)`, [new Date()])
      }),
    close: async () => {
      closed = true
      // The driver forgets to close what it is still opening.
      await Promise.allSettled(inFlight)
      await close()
    },
  }
}

/** Runs work once: those who come meanwhile wait for the same run, and a failed one is forgotten. */
function untilDone<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined
  return () => {
    running ??= work().catch(error => {
      running = undefined
      throw error
    })
    return running
  }
}

async function makePingTable(client: Client, place: CassandraPlace): Promise<CassandraTable> {
  const table = cassandraTable(place, PING_TABLE, {
    columns: { id: 'text', at: 'timestamp' },
    partitionKey: ['id'],
    clusteringKey: [],
  })
  await ensureCassandraTable(client, place, PING_TABLE, table)
  return table
}

async function read(client: Client, table: CassandraTable, { partition, range = {}, limit }: ReadOptions) {
  const { name, columns, partitionKey, clusteringKey } = table
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_ROWS) throw new RangeError(`a limit is 1 to ${MAX_ROWS}`)
  const conditions = partitionKey.map(column => `${cqlName(column)} = ?`)
  const values = cqlCells(table, columns.slice(0, partitionKey.length), partitionKey.length, partition)
  for (const [end, sign] of [
    ['from', '>='],
    ['before', '<'],
  ] as const) {
    const bound = range[end]
    if (bound === undefined) continue
    const first = clusteringKey[0]
    if (!first) throw new RangeError('a range needs a clustering column')
    const [column, type] = columns[partitionKey.length]!
    conditions.push(`${cqlName(column)} ${sign} ?`)
    values.push(toCql(type, bindCell(column, type, bound) as CellValue))
  }
  const names = columns.map(([column]) => cqlName(column)).join(', ')
  const pages = await client.execute(`SELECT ${names} FROM ${name} WHERE ${conditions.join(' AND ')} LIMIT ?`, [
    ...values,
    limit,
  ])
  const rows: Row[] = []
  for await (const row of pages) rows.push(toRow(table, row))
  return rows
}

function toRow({ columns }: CassandraTable, row: types.Row): Row {
  return Object.fromEntries(
    columns.map(([column]) => {
      const cell = row[column] as CellValue | Date
      return [column, cell instanceof Date ? cell.getTime() : cell]
    }),
  )
}
