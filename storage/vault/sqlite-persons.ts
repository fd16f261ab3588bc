// Persons in the embedded vault. Tables are keyed by hash and have no row numbers, so that their order tells nothing.

import type { DatabaseSync } from 'node:sqlite'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { piecesOf } from '../sqlite/leave-no-trace.ts'
import type { FoundPerson, PersonChange, PersonEntry, PersonState, Vault } from './vault.ts'

/** Rows looked at in one turn of the event loop. */
const LIST_BATCH = 5_000
/** Of each of two values that stand side by side in a cell: more would overlook what is left of a pair. */
const JOINT_CHARACTERS = 4
const PSEUDONYM_PREFIX_CHARACTERS = 'p1.'.length
/** What stands for moved and re-sealed entries in `unsearched`; deletions have tokens of their own. */
const MOVES = 'moves'

export function createPersons(db: DatabaseSync): void {
  db.exec(`
    CREATE TABLE IF NOT EXISTS persons (
      lookup TEXT PRIMARY KEY, pseudonym TEXT NOT NULL UNIQUE, sealed_id BLOB NOT NULL, sealed_key BLOB NOT NULL,
      epoch INTEGER NOT NULL, state TEXT NOT NULL, objections TEXT NOT NULL, aliases TEXT NOT NULL,
      sealed_hold BLOB) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS aliases (alias TEXT, lookup TEXT, PRIMARY KEY (alias, lookup)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS erased_lookups (lookup TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS erased_pseudonyms (pseudonym TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS unsearched (token TEXT PRIMARY KEY, moves INTEGER NOT NULL) WITHOUT ROWID;`)
}

export type PersonStatements = ReturnType<typeof personStatements>

export function personStatements(db: DatabaseSync) {
  return {
    findPerson: db.prepare('SELECT * FROM persons WHERE lookup = ?'),
    findByPseudonym: db.prepare('SELECT * FROM persons WHERE pseudonym = ?'),
    findByAlias: db.prepare('SELECT persons.* FROM aliases JOIN persons USING (lookup) WHERE alias = ?'),
    isAlias: db.prepare('SELECT 1 FROM aliases WHERE alias = ? LIMIT 1'),
    endOfBatch: db.prepare(
      `SELECT max(lookup) AS lookup FROM (SELECT lookup FROM persons WHERE lookup > ? ORDER BY lookup LIMIT ${LIST_BATCH})`,
    ),
    listPersons: db.prepare(
      'SELECT * FROM persons WHERE lookup > ? AND lookup <= ? AND epoch < ? ORDER BY lookup LIMIT ?',
    ),
    insertPerson: db.prepare(
      `INSERT OR IGNORE INTO persons
       (lookup, pseudonym, sealed_id, sealed_key, epoch, state, objections, aliases, sealed_hold)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE NOT EXISTS (SELECT 1 FROM erased_lookups WHERE lookup = ?1)`,
    ),
    updatePerson: db.prepare(
      `UPDATE persons SET state = coalesce(?1, state), sealed_hold = CASE WHEN ?2 THEN ?3 ELSE sealed_hold END
       WHERE lookup = ?4 AND state = coalesce(?5, state) AND (NOT ?6 OR sealed_hold IS ?7)
       AND (coalesce(?1, state) <> 'erasing' OR CASE WHEN ?2 THEN ?3 ELSE sealed_hold END IS NULL)`,
    ),
    setObjections: db.prepare('UPDATE persons SET objections = ? WHERE lookup = ?'),
    rewrapPerson: db.prepare('UPDATE persons SET sealed_key = ?, epoch = ? WHERE lookup = ? AND sealed_key = ?'),
    moveLookup: db.prepare(
      `UPDATE OR IGNORE persons SET lookup = ?1, sealed_key = ?2, epoch = ?3 WHERE lookup = ?4
       AND state <> 'erasing' AND NOT EXISTS (SELECT 1 FROM erased_lookups WHERE lookup = ?1)`,
    ),
    setAliases: db.prepare('UPDATE persons SET aliases = ? WHERE lookup = ?'),
    insertAlias: db.prepare('INSERT OR IGNORE INTO aliases VALUES (?, ?)'),
    deleteAlias: db.prepare('DELETE FROM aliases WHERE alias = ? AND lookup = ?'),
    deletePerson: db.prepare('DELETE FROM persons WHERE lookup = ?'),
    findErasedLookup: db.prepare('SELECT 1 FROM erased_lookups WHERE lookup = ?'),
    findErasedPseudonym: db.prepare('SELECT 1 FROM erased_pseudonyms WHERE pseudonym = ?'),
    insertErasedLookup: db.prepare('INSERT OR IGNORE INTO erased_lookups VALUES (?)'),
    insertErasedPseudonym: db.prepare('INSERT OR IGNORE INTO erased_pseudonyms VALUES (?)'),
    liftErasure: db.prepare('DELETE FROM erased_lookups WHERE lookup = ?'),
    insertUnsearched: db.prepare('INSERT INTO unsearched VALUES (?, 0)'),
    countMove: db.prepare(`INSERT INTO unsearched VALUES ('${MOVES}', 1) ON CONFLICT DO UPDATE SET moves = moves + 1`),
    listUnsearched: db.prepare('SELECT token, moves FROM unsearched'),
    deleteUnsearched: db.prepare('DELETE FROM unsearched WHERE token = ? AND moves = ?'),
  }
}

type Row = Record<string, unknown>

export function findPerson(sql: PersonStatements, lookup: string): FoundPerson {
  const row = sql.findPerson.get(lookup)
  if (row) return toPerson(row)
  return sql.findErasedLookup.get(lookup) ? { lookup, state: 'erased' } : undefined
}

export function findByPseudonym(sql: PersonStatements, pseudonym: string): PersonEntry[] {
  return sql.findByPseudonym.all(pseudonym).map(toPerson)
}

export function findByAlias(sql: PersonStatements, alias: string): PersonEntry[] {
  return sql.findByAlias.all(alias).map(toPerson)
}

export function isUnreadable(sql: PersonStatements, pseudonym: string): boolean {
  const state = sql.findByPseudonym.get(pseudonym)?.state
  return state === undefined ? sql.findErasedPseudonym.get(pseudonym) !== undefined : state !== 'active'
}

/** Looks at some thousand rows a turn, so that a list of few among many holds up nobody. */
export async function listPersons(
  sql: PersonStatements,
  { after = '', limit, epochBelow = Number.MAX_SAFE_INTEGER }: Parameters<Vault['listPersons']>[0],
): Promise<PersonEntry[]> {
  const listed: PersonEntry[] = []
  for (let start = after; listed.length < limit; await nextTurn()) {
    const end = sql.endOfBatch.get(start)!.lookup as string | null
    if (end === null) break
    listed.push(...sql.listPersons.all(start, end, epochBelow, limit - listed.length).map(toPerson))
    start = end
  }
  return listed
}

export function insertPerson(sql: PersonStatements, entry: PersonEntry): void {
  const { lookup, pseudonym, sealedId, sealedKey, epoch, state, objections, aliases, sealedHold } = entry
  const [objectionsText, aliasesText] = [JSON.stringify(objections), JSON.stringify(aliases)]
  const { changes } = sql.insertPerson.run(
    lookup,
    pseudonym,
    sealedId,
    sealedKey,
    epoch,
    state,
    objectionsText,
    aliasesText,
    sealedHold,
  )
  if (changes > 0) for (const alias of aliases) sql.insertAlias.run(alias, lookup)
}

export function updatePerson(
  sql: PersonStatements,
  lookup: string,
  to: PersonChange,
  from: PersonChange = {},
): boolean {
  const holdOf = (change: PersonChange) => [change.sealedHold === undefined ? 0 : 1, change.sealedHold ?? null] as const
  const given = [to.state ?? null, ...holdOf(to), lookup, from.state ?? null, ...holdOf(from)] as const
  const { changes } = sql.updatePerson.run(...given)
  return changes > 0
}

/** To be run in a transaction. */
export function changeObjections(
  sql: PersonStatements,
  lookup: string,
  { add, remove }: Parameters<Vault['changeObjections']>[1],
): boolean {
  const row = sql.findPerson.get(lookup)
  if (!row) return false
  const objections = new Set(toPerson(row).objections)
  if (remove !== undefined) objections.delete(remove)
  if (add !== undefined) objections.add(add)
  sql.setObjections.run(JSON.stringify([...objections]), lookup)
  return true
}

export function addAliases(sql: PersonStatements, additions: { lookup: string; aliases: string[] }[]): void {
  for (const { lookup, aliases } of additions) {
    const row = sql.findPerson.get(lookup)
    if (!row) continue
    sql.setAliases.run(JSON.stringify([...new Set([...toPerson(row).aliases, ...aliases])]), lookup)
    for (const alias of aliases) sql.insertAlias.run(alias, lookup)
  }
}

/** What stood there before may be left in a gap: told in `unsearched`. */
export function rewrapPerson(
  sql: PersonStatements,
  lookup: string,
  from: Buffer,
  to: { sealedKey: Buffer; epoch: number },
): boolean {
  if (sql.rewrapPerson.run(to.sealedKey, to.epoch, lookup, from).changes === 0) return false
  sql.countMove.run()
  return true
}

/** Leaves the old place as `rewrapPerson` does. */
export function moveLookup(sql: PersonStatements, from: string, to: Parameters<Vault['moveLookup']>[1]): boolean {
  const row = sql.findPerson.get(from)
  if (!row || sql.moveLookup.run(to.lookup, to.sealedKey, to.epoch, from).changes === 0) return false
  for (const alias of toPerson(row).aliases) {
    sql.deleteAlias.run(alias, from)
    sql.insertAlias.run(alias, to.lookup)
  }
  sql.countMove.run()
  return true
}

/** Deletes an entry. @returns what must not be left of it anywhere in the file; undefined if there is none */
export function erasePerson(sql: PersonStatements, lookup: string, pseudonym: string): Buffer[] | undefined {
  const row = sql.findPerson.get(lookup)
  if (row?.pseudonym !== pseudonym) return undefined
  sql.insertErasedLookup.run(lookup)
  return deletePerson(sql, toPerson(row))
}

/** @returns as `erasePerson` */
function deletePerson(sql: PersonStatements, entry: PersonEntry): Buffer[] {
  const { lookup, pseudonym, aliases } = entry
  for (const alias of aliases) sql.deleteAlias.run(alias, lookup)
  sql.deletePerson.run(lookup)
  sql.insertErasedPseudonym.run(pseudonym)
  return tracesOf(entry, alias => sql.isAlias.get(alias) !== undefined)
}

/** Erased elsewhere or before a restore: both sets, and entries that live again. @returns as `erasePerson` */
export function addErased(sql: PersonStatements, erased: { lookups: string[]; pseudonyms: string[] }): Buffer[] {
  const again = [
    ...erased.lookups.flatMap(lookup => sql.findPerson.all(lookup)),
    ...erased.pseudonyms.flatMap(pseudonym => sql.findByPseudonym.all(pseudonym)),
  ].map(toPerson)
  const entries = new Map(again.map(entry => [entry.lookup, entry])).values()
  const traces = [...entries].flatMap(entry => deletePerson(sql, entry))
  for (const lookup of erased.lookups) sql.insertErasedLookup.run(lookup)
  for (const pseudonym of erased.pseudonyms) sql.insertErasedPseudonym.run(pseudonym)
  return traces
}

/**
 * A cell holds its columns side by side, in the order of the table: look-up, pseudonym, sealed id, sealed key. An index
 * holds its own column, then the look-up. Of what opens or names the person each piece is looked for; of a pair, where the
 * two meet.
 */
function tracesOf(entry: PersonEntry, isShared: (alias: string) => boolean): Buffer[] {
  const { lookup, pseudonym, sealedId, sealedKey, sealedHold, aliases } = entry
  const joint = (first: string, second: string, length = JOINT_CHARACTERS) =>
    Buffer.from(first.slice(-JOINT_CHARACTERS) + second.slice(0, length))
  return [
    ...[sealedKey, sealedId, ...(sealedHold ? [sealedHold] : [])].flatMap(piecesOf),
    joint(lookup, pseudonym, PSEUDONYM_PREFIX_CHARACTERS + JOINT_CHARACTERS),
    joint(pseudonym, lookup),
    ...aliases.flatMap(alias => (isShared(alias) ? [joint(alias, lookup)] : piecesOf(Buffer.from(alias)))),
  ]
}

function toPerson(row: Row): PersonEntry {
  return {
    lookup: row.lookup as string,
    pseudonym: row.pseudonym as string,
    sealedId: Buffer.from(row.sealed_id as Uint8Array),
    sealedKey: Buffer.from(row.sealed_key as Uint8Array),
    epoch: row.epoch as number,
    state: row.state as PersonState,
    objections: JSON.parse(row.objections as string) as string[],
    sealedHold: row.sealed_hold === null ? null : Buffer.from(row.sealed_hold as Uint8Array),
    aliases: JSON.parse(row.aliases as string) as string[],
  }
}
