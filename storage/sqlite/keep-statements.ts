// Prepared statements, kept by their text.

import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** More texts than a store's few shapes of query make; beyond, they are prepared anew. */
const MAX_STATEMENTS = 500

/** Returns a function that prepares a text once. Its statements read integers as bigint if `readBigInts` says so. */
export function keepStatements(db: DatabaseSync, { readBigInts = false } = {}): (sql: string) => StatementSync {
  const statements = new Map<string, StatementSync>()
  return sql => {
    let statement = statements.get(sql)
    if (!statement) {
      if (statements.size >= MAX_STATEMENTS) statements.clear()
      statement = db.prepare(sql)
      statement.setReadBigInts(readBigInts)
      statements.set(sql, statement)
    }
    return statement
  }
}
