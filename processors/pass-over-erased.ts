// Keeps erased persons out of everything that comes after the log, also when it is read again from its start: their
// events are passed over, and what other persons' events hold of them is taken out.

import type { ContractFinder } from '../governance/contract/find-contract.ts'
import { redactSubjects } from '../governance/subjects/redact-subjects.ts'
import type { Vault } from '../storage/vault/vault.ts'
import type { PlacedEvent } from './read-records.ts'

export interface PassOverDeps {
  vault: Pick<Vault, 'findErasedPseudonyms'>
  contracts: Pick<ContractFinder, 'find'>
}

/**
 * One look-up for all persons of a batch.
 */
export async function passOverErased(
  { vault, contracts }: PassOverDeps,
  events: PlacedEvent[],
): Promise<{ living: PlacedEvent[]; passedOver: PlacedEvent[] }> {
  const named = new Set(
    events.flatMap(({ record: { subject, others } }) => (subject === null ? others : [subject, ...others])),
  )
  const erased = await vault.findErasedPseudonyms([...named])
  const living: PlacedEvent[] = []
  const passedOver: PlacedEvent[] = []
  for (const placed of events) {
    const { record } = placed
    if (record.subject !== null && erased.has(record.subject)) passedOver.push(placed)
    else if (!record.others.some(other => erased.has(other))) living.push(placed)
    else {
      const { dataset, schema, policy } = record
      const contract = await contracts.find({ dataset, schema, policy })
      const others = record.others.filter(other => !erased.has(other))
      // Where nobody knows what of it is theirs, nothing of it is kept: no record may hold up those behind it.
      const event = contract ? redactSubjects(record.event, contract, erased) : {}
      living.push({ ...placed, record: { ...record, others, event } })
    }
  }
  return { living, passedOver }
}
