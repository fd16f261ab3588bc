// The entries of the persons that events are about, from the vault: found under any look-up key that lives, made if they
// are new, brought under the newest key when they are met.

import { randomBytes } from 'node:crypto'
import { type FoundPerson, type PersonEntry, type Vault, VaultUnavailable } from '../../storage/vault/vault.ts'
import { personKeys } from '../protection/person-keys.ts'
import { open, seal } from '../protection/seal.ts'
import { newPseudonym } from '../protection/token.ts'
import type { KeyRing } from './key-ring.ts'
import type { SubjectReference } from './people.ts'

/** A person answers to at most this many aliases; further ones are not recorded. */
export const MAX_ALIASES = 64
/** Moved in one look-up: the others follow, or are moved by maintenance. */
const MAX_MOVES = 32

/**
 * Answers in the order given; undefined for one that is unknown and not to be created. The keys of their epochs are
 * loaded then.
 * @param hashes of each person, as `lookupHashes` gives them
 * @throws VaultUnavailable, also while a new look-up key comes into use: nobody is made for some seconds then
 */
export async function meetPersons(
  vault: Vault,
  ring: KeyRing,
  references: SubjectReference[],
  hashes = references.map(({ type, id }) => ring.lookupHashes('person', type, id)),
): Promise<FoundPerson[]> {
  const found = await findByHashes(vault, hashes)
  const absent = [...references.keys()].filter(i => references[i]!.create && !found[i])
  if (absent.length > 0) {
    if (!ring.mayCreate())
      throw new VaultUnavailable('a new look-up key comes into use: new persons wait for half a minute')
    await vault.insertPersonsIfAbsent(absent.map(i => newEntry(ring, references[i]!)))
    const created = await findByHashes(
      vault,
      absent.map(i => hashes[i]!),
    )
    // Nobody's event would be stored in place of this person's.
    if (created.includes(undefined))
      throw new VaultUnavailable(
        'the vault does not hold a person it took in a moment ago: it was emptied or set back, or reads from a copy that lags behind',
      )
    for (const [at, i] of absent.entries()) found[i] = created[at]
  }
  await ring.loadEpochs(found.flatMap(person => (person && person.state !== 'erased' ? [person.epoch] : [])))
  return hashes[0] && hashes[0].length > 1 ? moveAll(vault, ring, hashes, found) : found
}

/** Of each person the entry under the newest key. @param hashes of each person, newest key first */
export async function findByHashes(vault: Pick<Vault, 'findPersons'>, hashes: string[][]): Promise<FoundPerson[]> {
  const found = await vault.findPersons(hashes.flat())
  let start = 0
  return hashes.map(own => {
    const ofOne = found.slice(start, start + own.length)
    start += own.length
    return ofOne.find(each => each !== undefined)
  })
}

async function moveAll(vault: Vault, ring: KeyRing, hashes: string[][], found: FoundPerson[]): Promise<FoundPerson[]> {
  let moves = 0
  return Promise.all(
    found.map(async (person, i) => {
      if (!person || person.state === 'erased') return person
      const to = ring.movedHash(hashes[i]!, person.lookup)
      if (to === undefined || moves++ >= MAX_MOVES) return person
      return (await moveEntry(vault, ring, person, to)) ?? person
    }),
  )
}

/**
 * Brings an entry, whose epoch is loaded, under another look-up hash, its key sealed under the newest epoch.
 * @returns the entry as it stands then; undefined if it was not moved, because others moved or erase it
 */
export async function moveEntry(
  vault: Pick<Vault, 'moveLookup'>,
  ring: Pick<KeyRing, 'epoch' | 'epochKey'>,
  entry: PersonEntry,
  lookup: string,
): Promise<PersonEntry | undefined> {
  const { epoch } = ring
  const to = { lookup, sealedKey: sealPersonKey(ring, openPersonKey(ring, entry), lookup), epoch }
  return (await vault.moveLookup(entry.lookup, to)) ? { ...entry, ...to } : undefined
}

/** The person's key. @throws Error for an epoch that is destroyed or not loaded */
export function openPersonKey(
  ring: Pick<KeyRing, 'epochKey'>,
  { lookup, sealedKey, epoch }: Pick<PersonEntry, 'lookup' | 'sealedKey' | 'epoch'>,
): Buffer {
  return open(ring.epochKey(epoch), sealedKey, personKeyPlace(lookup))
}

/** Seals a person's key for its place, under the newest epoch. */
export function sealPersonKey(ring: Pick<KeyRing, 'epoch' | 'epochKey'>, secret: Buffer, lookup: string): Buffer {
  return seal(ring.epochKey(ring.epoch), secret, personKeyPlace(lookup))
}

function newEntry(ring: KeyRing, { type, id, aliases }: SubjectReference): PersonEntry {
  const secret = randomBytes(32)
  const pseudonym = newPseudonym()
  const lookup = ring.lookupHash('person', type, id)
  return {
    lookup,
    pseudonym,
    sealedId: seal(personKeys(secret).id, Buffer.from(JSON.stringify([type, id])), personIdPlace(pseudonym)),
    sealedKey: sealPersonKey(ring, secret, lookup),
    epoch: ring.epoch,
    state: 'active',
    objections: [],
    sealedHold: null,
    aliases: aliases.slice(0, MAX_ALIASES).map(alias => ring.lookupHash('alias', alias.type, alias.id)),
  }
}

function personKeyPlace(lookup: string): string {
  return `person-key\0${lookup}`
}

/** Where a person's sealed id belongs. */
export function personIdPlace(pseudonym: string): string {
  return `person-id\0${pseudonym}`
}
