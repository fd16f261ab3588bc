// From archived events to what one caller may see of them: persons of whom nothing may be read are passed over, masks
// applied, clear values opened. What was opened stands in the audit before it is answered.

import type { FieldMask } from '../governance/access/access.ts'
import type { Caller } from '../governance/access/caller.ts'
import { type EnvelopeLevels, eventReading, unknownEnvelope } from '../governance/access/event-reading.ts'
import { type ShownEvent, showEvent } from '../governance/access/show-event.ts'
import type { Audit } from '../governance/audit/audit.ts'
import type { LiveContract } from '../governance/contract/catalogue.ts'
import { readPointer } from '../governance/contract/event-parts.ts'
import type { ContractFinder } from '../governance/contract/find-contract.ts'
import { findPersons, type KnownPerson } from '../governance/subjects/find-persons.ts'
import type { KeyRing } from '../governance/subjects/key-ring.ts'
import type { Documents } from '../storage/documents/documents.ts'
import { contractDocumentId, type StoredContract, type StoredEvent } from '../storage/stored-shapes.ts'
import type { Vault } from '../storage/vault/vault.ts'

/** Events of which clear values are read at once, at most: their ids stand in one audit entry a person. */
export const MAX_CLEAR_EVENTS = 100

export interface ShowDeps {
  documents: Documents
  vault: Vault
  ring: KeyRing
  audit: Audit
  contracts: ContractFinder
}

export interface ReadRequest {
  caller: Caller
  live: LiveContract
  mask: FieldMask
  /** Members that were filtered or sorted by: an event whose own are outside the mask is passed over. */
  askedBy: (keyof EnvelopeLevels)[]
  /** Why clear values are read; undefined where none are. */
  purpose: string | undefined
  /** Once so many are shown, the others are not looked at; all if left out. */
  most?: number
}

/**
 * What is shown of each event looked at, in the order given; undefined for one that is not. The vault is asked once which persons
 * may be read, even if there are no events: an event that may not be read costs the calls of one that does not exist.
 * @throws VaultUnavailable, EventLogUnavailable, DocumentsUnavailable
 */
export async function showEvents(
  { vault, ring, audit, contracts }: ShowDeps,
  { caller, live, mask, askedBy, purpose, most = Number.POSITIVE_INFINITY }: ReadRequest,
  events: StoredEvent[],
): Promise<(ShownEvent | undefined)[]> {
  const found = await contracts.findAll(events)
  const contractOf = ({ dataset, schema, policy }: StoredEvent) =>
    found.get(contractDocumentId(dataset, schema, policy))
  const namedIn = (some: StoredEvent[]) => new Set(some.flatMap(event => pseudonymsOf(event, contractOf(event))))
  const unreadable = await vault.findUnreadable([...namedIn(events)])
  const isHidden = ({ subject }: StoredEvent) => subject !== null && unreadable.has(subject)
  // Whom a hidden event names beside its first person is not looked for: of an event that is not there, nobody is.
  const named = namedIn(events.filter(event => !isHidden(event))).difference(unreadable)
  const persons = purpose === undefined ? undefined : await findActive(vault, ring, named)
  const readOf = new Map<string, Set<string>>()

  function show(event: StoredEvent): ShownEvent | undefined {
    const contract = contractOf(event)
    const reading = contract && eventReading(contract, live)
    const envelope = reading?.envelope ?? unknownEnvelope
    if (isHidden(event)) return undefined
    if (askedBy.some(member => !mask.read.has(envelope[member]))) return undefined
    const opened = new Set<string>()
    const options = { mask, unreadable, ...(persons && { persons }), onOpened: (who: string) => opened.add(who) }
    const result = showEvent(event, reading, options)
    for (const who of opened) readOf.set(who, (readOf.get(who) ?? new Set()).add(event.id))
    return result
  }

  const shown: (ShownEvent | undefined)[] = []
  let count = 0
  for (const event of events) {
    if (count === most) break
    const result = show(event)
    shown.push(result)
    if (result) count++
  }
  await audit.record(
    ...[...readOf].map(([who, ids]) => ({
      kind: 'clear-read' as const,
      actor: caller.id,
      dataset: live.dataset,
      about: { person: persons!.get(who)!, sealed: { purpose: purpose!, events: [...ids] } },
    })),
  )
  return shown
}

/** Whom an event names: its first person, and the others where its contract says they stand. */
function pseudonymsOf({ subject, event }: StoredEvent, contract: StoredContract | undefined): string[] {
  const others = contract?.event.subjects.slice(1).map(({ pointer }) => readPointer(pointer)(event)) ?? []
  return [subject, ...others].filter(pseudonym => typeof pseudonym === 'string')
}

/** Who was restricted since the vault was asked is left out too. */
async function findActive(vault: Vault, ring: KeyRing, pseudonyms: Set<string>): Promise<Map<string, KnownPerson>> {
  const persons = await findPersons(vault, ring, [...pseudonyms])
  return new Map([...persons].filter(([, { state }]) => state === 'active'))
}
