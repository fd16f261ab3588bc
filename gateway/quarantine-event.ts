// A rejected event on its way into the quarantine: the reasons in the clear, the original sealed, under the keys of its
// persons where they are known.

import { v7 as uuidV7 } from 'uuid'
import type { LiveContract } from '../governance/contract/catalogue.ts'
import { policyVersion } from '../governance/contract/stored-contract.ts'
import { type InvalidEvent, quarantinedErrors } from '../governance/ingestion/check-event.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import type { LivingPerson } from '../governance/subjects/people.ts'
import { sealOriginal } from '../governance/subjects/quarantine-seal.ts'
import type { QuarantineRecord } from '../storage/quarantine-record.ts'

interface Request {
  contract: LiveContract
  contentType: string
  schemaVersion: string | undefined
  makeId: (index: number) => string
}

/** @param persons the event's subjects; none of them fenced */
export async function quarantineEvent(
  { ring, now }: { ring: KeyRing; now: () => number },
  { contract, contentType, schemaVersion, makeId }: Request,
  { index, raw, attributes, id: eventId, version, violations }: InvalidEvent,
  persons: (LivingPerson | undefined)[],
): Promise<QuarantineRecord> {
  const { dataset } = contract
  const id = uuidV7()
  const receivedAtMs = now()
  const retentionMs = contract.retentionMs.quarantine
  const original = { contentType, schemaVersion, id: eventId ?? makeId(index), attributes, body: raw }
  const subjects = contract.subjects.map((_, i) => persons[i])
  const sealed = await sealOriginal(ring, original, { id, dataset, receivedAtMs, retentionMs, subjects })
  return {
    id,
    dataset,
    receivedAt: new Date(receivedAtMs).toISOString(),
    expiresAtMs: receivedAtMs + retentionMs,
    schema: version.version,
    policy: policyVersion(contract),
    errors: quarantinedErrors(violations),
    ...sealed,
  }
}
