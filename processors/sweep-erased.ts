// Removes what came back of erased persons: after a store was restored from a backup, or through a process that slept
// while they were erased. Looks at every person in the ledger, holder by holder; a holder that can look for all of them
// at once is asked to.

import type { ErasureLedger } from '../governance/subjects/erasure-ledger.ts'
import type { Holder } from '../governance/subjects/holder.ts'
import type { Logger } from '../runtime/logger.ts'
import type { Documents } from '../storage/documents/documents.ts'
import { handOverNotes } from './windows/note-days.ts'

/** Their store is searched once for all of them. */
const PERSONS_AT_ONCE = 100

export interface SweepDeps {
  ledger: ErasureLedger
  holders: Holder[]
  documents: Pick<Documents, 'find' | 'insertFirst'>
  logger: Pick<Logger, 'warn'>
}

/** @returns how many records were removed */
export async function sweepErased(
  { ledger, holders, documents, logger }: SweepDeps,
  signal: AbortSignal,
): Promise<number> {
  let removed = 0
  const tell = (holder: Holder, records: number) => {
    logger.warn({ holder: holder.name, records }, 'records of an erased person had come back, and were removed')
    removed += records
  }
  for (const holder of holders) {
    if (signal.aborted) return removed
    const records = (await holder.sweep?.()) ?? 0
    if (records > 0) tell(holder, records)
  }
  for await (const { pseudonyms } of ledger.read()) {
    for (let at = 0; at < pseudonyms.length; at += PERSONS_AT_ONCE) {
      const persons = pseudonyms.slice(at, at + PERSONS_AT_ONCE).map(pseudonym => ({ lookup: '', pseudonym }))
      for (const holder of holders.filter(({ sweep }) => !sweep)) {
        if (signal.aborted) return removed
        if ((await holder.countLeft(persons)) === 0) continue
        const records = await holder.erase(persons)
        await holder.scrub(persons)
        await handOverNotes(
          documents,
          persons.map(({ pseudonym }) => pseudonym),
        )
        tell(holder, records)
      }
    }
  }
  return removed
}
