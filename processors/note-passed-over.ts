// Records that stand in the log and not in the archive: noted without values, so that an erasure can say what of them
// stays readable there.

import type { ContractFinder } from '../governance/contract/find-contract.ts'
import { logEndMs } from '../governance/contract/log-end.ts'
import type { Documents } from '../storage/documents/documents.ts'
import type { Position } from '../storage/event-log/event-log.ts'
import { placeInLog } from '../storage/stored-passed-over.ts'
import { asBody, type StoredEvent } from '../storage/stored-shapes.ts'
import { placesOf } from './places-of.ts'
import { placesOnlyOf } from './places-only-of.ts'

export interface NoteDeps {
  documents: Pick<Documents, 'insertFirst'>
  contracts: Pick<ContractFinder, 'find'>
}

/** What is noted of a record. */
export type Passed = Pick<
  StoredEvent,
  'dataset' | 'receivedAt' | 'schema' | 'policy' | 'subject' | 'others' | 'event'
> & {
  position: Position
  /** Where the event stands that it is a copy of. */
  copyOf?: Position
}

/**
 * One note for each person the record names; that of the first also says what it is a copy of. Idempotent.
 *
 * @param logMs the log's retention; undefined where nobody says
 */
export async function notePassedOver(
  { documents, contracts }: NoteDeps,
  records: Passed[],
  logMs: number | undefined,
): Promise<void> {
  const notes = await Promise.all(
    records.map(async ({ dataset, receivedAt, schema, policy, subject, others = [], event, position, copyOf }) => {
      const copy = copyOf && { copyOf: placeInLog(dataset, copyOf), position: { ...position } }
      const contract = others.length === 0 ? undefined : await contracts.find({ dataset, schema, policy })
      const named = others.map(other => ({ person: other, places: placesOnlyOf(event, contract, new Set([other])) }))
      if (subject !== null) named.push({ person: subject, places: placesOf(event) })
      return named.map(({ person, places }) => ({
        id: `${placeInLog(dataset, position)}/${person}`,
        version: 0,
        expiresAtMs: logMs === undefined ? null : Date.parse(receivedAt) + logEndMs(logMs),
        body: asBody({ subject: person, dataset, receivedAt, schema, policy, places, ...(person === subject && copy) }),
      }))
    }),
  )
  const all = notes.flat()
  if (all.length > 0) await documents.insertFirst('passed_over', all)
}
