// Whom a request is about: from the ids or the alias that somebody gave to the entries of the vault.

import type { PersonEntry, Vault } from '../../storage/vault/vault.ts'
import type { Contract } from '../contract/contract.ts'
import { didYouMean, listed } from '../contract/did-you-mean.ts'
import type { KeyRing } from './key-ring.ts'
import { findByHashes } from './meet-persons.ts'
import type { SealedContent } from './rights-request.ts'

/** A person as the stages of a request know them. */
export interface AskedPerson {
  lookup: string
  pseudonym: string
}

export interface AskedPersons {
  living: AskedPerson[]
  /** Asked for, and erased before. */
  erased: number
  /** Asked for, and never seen. */
  unknown: number
}

/** The request cannot go on until somebody changes something; the message says what, and names nobody. */
export class RequestBlocked extends Error {
  override name = 'RequestBlocked'
}

/** The request can never be fulfilled as it was filed; the message says why and what to file instead, and names nobody. */
export class RequestFailed extends Error {
  override name = 'RequestFailed'
}

/** Kinds of persons, and of the names they answer to, that live policies name. */
export interface DeclaredKinds {
  persons: string[]
  aliases: string[]
}

/** Nobody is known as asked for, and no live policy names the kind: a slip of the pen, as a rule. */
export class UnknownKind extends RequestFailed {
  readonly of: 'person' | 'alias'
  /** Which kinds there are. */
  readonly fix: string

  constructor(of: 'person' | 'alias', type: string, declared: string[]) {
    const fix =
      declared.length > 0 ? `${didYouMean(type, declared)}There are: ${listed(declared)}.` : 'No live policy names any.'
    super(`nobody is known as asked for, and no live policy names this kind of ${of}. ${fix}`)
    this.of = of
    this.fix = fix
  }
}

/**
 * @param declared where given, whoever is unknown has to be of one of these kinds; who is known may be of another: of a
 *   dataset that is gone
 * @throws RequestFailed for an alias that several persons answer to; UnknownKind
 */
export async function findAsked(
  vault: Vault,
  ring: KeyRing,
  { subjects, alias }: Pick<SealedContent, 'subjects' | 'alias'>,
  declared?: DeclaredKinds,
): Promise<AskedPersons> {
  const found = await findByHashes(
    vault,
    subjects.map(({ type, id }) => personLookups(ring, type, id)),
  )
  const byAlias = alias ? await findByAlias(vault, aliasLookups(ring, alias.type, alias.id)) : []
  if (byAlias.length > 1)
    // Never tried again: once one of them is gone it would lead to the other, who asked for nothing.
    throw new RequestFailed(
      `the alias leads to ${byAlias.length} persons: find out who asks, and file the request by the id they are known under`,
    )
  for (const [i, { type }] of subjects.entries())
    if (declared && !found[i] && !declared.persons.includes(type))
      throw new UnknownKind('person', type, declared.persons)
  if (declared && alias && byAlias.length === 0 && !declared.aliases.includes(alias.type))
    throw new UnknownKind('alias', alias.type, declared.aliases)
  const living = new Map<string, AskedPerson>()
  let erased = 0
  for (const person of [...found, ...byAlias]) {
    if (!person) continue
    if (person.state === 'erased') erased++
    else living.set(person.lookup, { lookup: person.lookup, pseudonym: person.pseudonym })
  }
  const asked = new Set(subjects.map(({ type, id }) => `${type}\0${id.normalize('NFC')}`)).size + (alias ? 1 : 0)
  return { living: [...living.values()], erased, unknown: Math.max(0, asked - living.size - erased) }
}

/** The kinds that these contracts name. */
export function declaredKinds(contracts: Pick<Contract, 'subjects'>[]): DeclaredKinds {
  const subjects = contracts.flatMap(contract => contract.subjects)
  const sorted = (types: string[]) => [...new Set(types)].sort()
  return {
    persons: sorted(subjects.map(({ type }) => type)),
    aliases: sorted(subjects.flatMap(({ aliases }) => aliases.map(({ type }) => type))),
  }
}

/** Each person once, whichever look-up key the alias was recorded under. */
async function findByAlias(vault: Vault, hashes: string[]): Promise<PersonEntry[]> {
  const found = await Promise.all(hashes.map(hash => vault.findByAlias(hash)))
  return [...new Map(found.flat().map(entry => [entry.lookup, entry])).values()]
}

/** Look-up hashes of a person by the id as producers send it. */
function personLookups(ring: KeyRing, type: string, id: string): string[] {
  return ring.lookupHashes('person', type, id.normalize('NFC'))
}

function aliasLookups(ring: KeyRing, type: string, id: string): string[] {
  return ring.lookupHashes('alias', type, id.normalize('NFC').trim().toLowerCase())
}
