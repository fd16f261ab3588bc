// The original of a rejected event, for somebody to read: opened unless nothing may be read of somebody in it. The keys
// that seal it tell who was known when it came. Whoever became known later, or was erased, is looked up by the ids that
// its contract finds in it: of its time, and of today.

import type { JsonObject } from '../../storage/json.ts'
import { sealingPersons } from '../../storage/quarantine-record.ts'
import type { StoredQuarantine } from '../../storage/stored-quarantine.ts'
import type { StoredContract } from '../../storage/stored-shapes.ts'
import type { Vault } from '../../storage/vault/vault.ts'
import type { LiveContract } from '../contract/catalogue.ts'
import { type EventReaders, eventReaders } from '../contract/event-parts.ts'
import type { ContractFinder } from '../contract/find-contract.ts'
import { readLoosely } from '../ingestion/read-original.ts'
import { findPersons, type KnownPerson } from './find-persons.ts'
import type { KeyRing } from './key-ring.ts'
import { findByHashes } from './meet-persons.ts'
import { openOriginals } from './open-originals.ts'
import type { Original } from './quarantine-seal.ts'

export interface RevealDeps {
  vault: Pick<Vault, 'findByPseudonyms' | 'findPersons'>
  ring: KeyRing
  contracts: Pick<ContractFinder, 'find'>
}

export interface RevealedOriginal {
  original: Original
  /** All in it whom the vault knows. */
  persons: KnownPerson[]
}

/**
 * Undefined where a key is destroyed, where somebody in it is restricted, being erased, erased or objects to the
 * purpose, and where no contract is left to tell who is in it. Makes nobody known.
 * @param live the dataset's contract of today
 * @throws VaultUnavailable, DocumentsUnavailable
 */
export async function revealOriginal(
  deps: RevealDeps,
  entry: StoredQuarantine,
  live: LiveContract | undefined,
): Promise<RevealedOriginal | undefined> {
  const { vault, ring, contracts } = deps
  const [original] = await openOriginals(deps, [entry])
  const stored = await contracts.find(entry)
  const readers = [live?.readers, stored && readersOf(stored)].filter(each => each !== undefined)
  if (!original || readers.length === 0) return undefined
  const event = readLoosely(original)
  const named = event ? await findByHashes(vault, hashesOf(ring, readers, event)) : []
  if (named.some(person => person?.state === 'erased')) return undefined
  const pseudonyms = [
    ...sealingPersons(entry),
    ...named.flatMap(person => (person && person.state !== 'erased' ? person.pseudonym : [])),
  ]
  const persons = await findPersons(vault, ring, pseudonyms)
  const mayBeRead = (pseudonym: string) => {
    const person = persons.get(pseudonym)
    return person?.state === 'active' && !(live && person.objections.includes(live.policy.purpose))
  }
  return pseudonyms.every(mayBeRead) ? { original, persons: [...persons.values()] } : undefined
}

/** Of each person that one of the contracts finds, under every look-up key. */
function hashesOf(ring: KeyRing, readers: Pick<EventReaders, 'subjectsAnyhow'>[], event: JsonObject): string[][] {
  const found = readers.flatMap(({ subjectsAnyhow }) => subjectsAnyhow(event))
  const persons = new Map(
    found.flatMap(({ rule: { type }, id }) => (id === undefined ? [] : [[`${type}\0${id}`, [type, id] as const]])),
  )
  return [...persons.values()].map(([type, id]) => ring.lookupHashes('person', type, id))
}

/** It does not keep which ids are nobody: the vault knows nobody by them. */
function readersOf({ event }: StoredContract): EventReaders {
  const subjects = event.subjects.map(subject => ({ ...subject, aliases: [], sentinels: new Set<string>() }))
  return eventReaders({ eventId: undefined, eventTime: undefined, subjects })
}
