// Declares a table of the tables port in SQLite. Columns may be added later; a key or a type never changes.

import type { DatabaseSync } from 'node:sqlite'
import { inTransaction } from '../sqlite/open-sqlite.ts'
import { sqlName } from '../sqlite/sql-name.ts'
import { type DeclaredTable, declaredTable } from './declared-table.ts'
import type { TableSettings } from './tables.ts'

/** A declared table. */
export interface Table extends DeclaredTable {
  /** Its name in SQL. */
  name: string
  /** A column's name in SQL. */
  sqlOf: (column: string) => string
}

const sqlOf = (column: string) => `c_${sqlName(column)}`

/**
 * Creates the table, or adds the columns that are new.
 * @throws TypeError for a name that is no plain name, an unknown type, a key that names no column or one twice
 * @throws RangeError when a key or a column's type differs from the table's that stands
 */
export function ensureTable(db: DatabaseSync, tableName: string, settings: TableSettings): Table {
  const table = { ...declaredTable(settings), name: `t_${sqlName(tableName)}`, sqlOf }
  const { name, columns, keys, clusteringKey } = table
  const descending = new Set(clusteringKey.filter(({ order }) => order === 'descending').map(({ column }) => column))
  const primaryKey = `PRIMARY KEY (${keys.map(key => `${sqlOf(key)}${descending.has(key) ? ' DESC' : ''}`).join(', ')})`
  inTransaction(db, () => {
    db.exec(
      `CREATE TABLE IF NOT EXISTS ${name} (
        ${columns.map(([column, type], i) => `${sqlOf(column)} ${type}${i < keys.length ? ' NOT NULL' : ''}`)},
        write_version INTEGER NOT NULL, expires_at_ms INTEGER, removed_at_ms INTEGER, ${primaryKey}) WITHOUT ROWID;
      CREATE INDEX IF NOT EXISTS ${name}_expiry ON ${name} (expires_at_ms) WHERE expires_at_ms IS NOT NULL;
      CREATE INDEX IF NOT EXISTS ${name}_removal ON ${name} (removed_at_ms) WHERE removed_at_ms IS NOT NULL`,
    )
    const { sql } = db.prepare('SELECT sql FROM sqlite_schema WHERE name = ?').get(name) as { sql: string }
    if (!sql.includes(primaryKey)) throw new RangeError(`the key of table ${tableName} cannot change`)
    const existing = new Map(
      db
        .prepare(`PRAGMA table_info(${name})`)
        .all()
        .map(row => [row.name, row.type]),
    )
    for (const [column, type] of columns) {
      const stands = existing.get(sqlOf(column))
      if (stands === undefined) db.exec(`ALTER TABLE ${name} ADD COLUMN ${sqlOf(column)} ${type}`)
      else if (`${stands}`.toLowerCase() !== type)
        throw new RangeError(`the type of ${tableName}.${column} cannot change`)
    }
  })
  return table
}
