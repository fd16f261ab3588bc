// Tables as who uses them needs them: declared at first use, and again after a failure, since a store that was killed
// may have lost them.

import type { TableSettings, Tables } from './tables.ts'

export type DeclaredTables = Pick<Tables, 'upsert' | 'remove' | 'read'>

/** @param settings by the tables' names */
export function declareTables(
  tables: DeclaredTables & Pick<Tables, 'ensureTable'>,
  settings: Record<string, TableSettings>,
): DeclaredTables {
  let made: Promise<void> | undefined
  const make = async () => {
    for (const [name, each] of Object.entries(settings)) await tables.ensureTable(name, each)
  }
  const over = async <T>(work: () => Promise<T>): Promise<T> => {
    made ??= make()
    return made.then(work).catch(error => {
      made = undefined
      throw error
    })
  }
  return {
    upsert: (name, upserts) => over(() => tables.upsert(name, upserts)),
    remove: (name, removals) => over(() => tables.remove(name, removals)),
    read: (name, options) => over(() => tables.read(name, options)),
  }
}
