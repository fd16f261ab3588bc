// Deletions in the embedded vault: what is deleted is searched for in the file before it is told as gone. A note, made
// in the transaction of the deletion, stands until then: who finds one that nobody works on writes the file anew.

import { randomBytes } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { noTraceIn } from '../sqlite/leave-no-trace.ts'
import { inTransaction } from '../sqlite/open-sqlite.ts'
import type { PersonStatements } from './sqlite-persons.ts'

/** What a deletion returns, and the bytes of which nothing may be left. */
export interface Erasure<T> {
  result: T
  traces: Buffer[]
}

interface Note {
  token: string
  /** Entries that were moved or sealed anew since the file was last written anew; 0 for a deletion. */
  moves: number
}

/** @returns a function that deletes in one transaction, and resolves once nothing is left of what was deleted */
export function erasureIn(db: DatabaseSync, sql: PersonStatements): <T>(work: () => Erasure<T>) => Promise<T> {
  const { leaveNoTrace } = noTraceIn(db)
  /** Tokens of the searches this process has under way. */
  const underWay = new Set<string>()
  const isLeft = ({ token }: Note) => !underWay.has(token)

  async function search(traces: Buffer[], own: string | undefined): Promise<void> {
    const left = (sql.listUnsearched.all() as unknown as Note[]).filter(isLeft)
    if (own === undefined && left.length === 0) return
    await leaveNoTrace(left.length > 0 ? undefined : traces)
    // What was moved meanwhile keeps its note.
    const done = own === undefined ? left : [...left, { token: own, moves: 0 }]
    inTransaction(db, () => done.forEach(({ token, moves }) => void sql.deleteUnsearched.run(token, moves)))
  }

  return async work => {
    const own = randomBytes(16).toString('base64url')
    underWay.add(own)
    try {
      const { result, traces } = inTransaction(db, () => {
        const done = work()
        if (done.traces.length > 0) sql.insertUnsearched.run(own)
        return done
      })
      await search(traces, traces.length > 0 ? own : undefined)
      return result
    } finally {
      underWay.delete(own)
    }
  }
}
