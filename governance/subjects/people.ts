// Who an event is about: from a subject's type and id to the person's pseudonym, keys and state. The only place that
// sees a raw id beside a pseudonym. One vault look-up serves a whole request or chunk; answers live for one lease.

import { LRUCache } from 'lru-cache'
import type { FoundPerson, Vault } from '../../storage/vault/vault.ts'
import { type PersonKeys, personKeys } from '../protection/person-keys.ts'
import type { KeyRing } from './key-ring.ts'
import { MAX_ALIASES, meetPersons, openPersonKey } from './meet-persons.ts'

/** Whom to look up. Ids and aliases are canonical (see `event-parts.ts`). */
export interface SubjectReference {
  type: string
  id: string
  aliases: { type: string; id: string }[]
  /** Whether a person never seen before gets an entry. */
  create: boolean
}

export type Person = LivingPerson | ErasedPerson

export interface LivingPerson {
  state: 'active' | 'restricted'
  pseudonym: string
  keys: PersonKeys
  /** Purposes objected to. */
  objections: readonly string[]
  /** When the vault was asked, on the monotonic clock (performance.now). */
  lookedUpAtMs: number
}

export interface ErasedPerson {
  state: 'erased'
  lookedUpAtMs: number
}

export interface People {
  /**
   * The persons behind these references, in order; undefined for one that is unknown and not to be created.
   * @throws VaultUnavailable
   */
  lookUp(references: SubjectReference[]): Promise<(Person | undefined)[]>
  /** How long an answer may be used, in ms; one number for all processes, kept in the vault. */
  leaseMs: number
}

/** Share of the lease after which the vault is asked again. */
const RENEW_AT = 0.8

/** Keys rotated elsewhere are known before a look-up, whatever became of the timer that refreshes them. */
const MAX_RING_LEASES = 2

/** Keys leave the memory within about this long after their person was last looked up. */
const FORGET_MS = 60_000

/** A person with what spares work when the vault is asked again. */
type Cached = Person & {
  lookup: string
  hashes: string[]
  sealedKey?: Buffer
  aliases?: Set<string>
  knownAliases?: Set<string>
}

/**
 * @param options.leaseMs used when the vault is new; afterwards the vault's own lease holds
 * @param options.cachedPersons how many persons are remembered at most
 */
export async function openPeople(
  vault: Vault,
  ring: KeyRing,
  options: { leaseMs: number; cachedPersons: number },
): Promise<People> {
  const leaseMs = Number(await vault.settingOr('leaseMs', String(options.leaseMs)))
  const cache = new LRUCache<string, Cached>({ max: options.cachedPersons, ttl: FORGET_MS, ttlAutopurge: false })
  let forgottenAtMs = performance.now()
  const forgetStale = () => {
    if (performance.now() - forgottenAtMs < FORGET_MS / 4) return
    forgottenAtMs = performance.now()
    cache.purgeStale()
  }
  // Renewed before the lease ends, so that an answer does not run out between look-up and append.
  const inLease = (person: Cached | undefined) => person && performance.now() - person.lookedUpAtMs < leaseMs * RENEW_AT

  /** Look-up keys are only ever added: as many hashes as there are keys are still the right ones. */
  const hashesOf = ({ type, id }: SubjectReference, before: Cached | undefined): string[] =>
    before?.hashes.length === ring.lookupKeys ? before.hashes : ring.lookupHashes('person', type, id)

  /** @param before what was known of the person: whose key is still the same keeps what was derived from it */
  const toPerson = (
    found: FoundPerson,
    hashes: string[],
    before: Cached | undefined,
    lookedUpAtMs: number,
  ): Cached | undefined => {
    if (!found) return undefined
    const { lookup } = found
    // Being erased is fenced like erased: nothing new is made of a key that is about to go.
    if (found.state === 'erased' || found.state === 'erasing') return { state: 'erased', lookup, hashes, lookedUpAtMs }
    const { state, pseudonym, objections, sealedKey } = found
    const known = before && before.state !== 'erased' && before.sealedKey?.equals(sealedKey) ? before : undefined
    const keys = known?.keys ?? personKeys(openPersonKey(ring, found))
    const person: Cached = {
      state,
      pseudonym,
      objections,
      lookup,
      hashes,
      sealedKey,
      keys,
      lookedUpAtMs,
      aliases: new Set(found.aliases),
    }
    if (known?.knownAliases) person.knownAliases = known.knownAliases
    return person
  }

  /** Asks the vault for these persons in one look-up, and remembers them. */
  async function readPersons(missing: Map<string, SubjectReference>): Promise<Map<string, Cached>> {
    const before = [...missing.keys()].map(key => cache.get(key))
    await ring.refreshIfOlder(MAX_RING_LEASES * leaseMs)
    const references = [...missing.values()]
    const hashes = references.map((reference, i) => hashesOf(reference, before[i]))
    const lookedUpAtMs = performance.now()
    const found = await meetPersons(vault, ring, references, hashes)
    const persons = new Map<string, Cached>()
    for (const [i, key] of [...missing.keys()].entries()) {
      const person = toPerson(found[i], hashes[i]!, before[i], lookedUpAtMs)
      if (!person) continue
      persons.set(key, person)
      cache.set(key, person)
    }
    return persons
  }

  /** Tells the vault which further names a living person answers to. */
  async function recordAliases(references: SubjectReference[], persons: (Cached | undefined)[]): Promise<void> {
    const additions = new Map<Cached, { known: string[]; hashes: Set<string> }>()
    for (const [i, { aliases }] of references.entries()) {
      const person = persons[i]
      if (!person?.aliases || person.aliases.size >= MAX_ALIASES) continue
      for (const { type, id } of aliases) {
        const name = `${type}\0${id}`
        if (person.knownAliases?.has(name)) continue
        const addition = additions.get(person) ?? { known: [], hashes: new Set() }
        additions.set(person, addition)
        addition.known.push(name)
        const hash = ring.lookupHash('alias', type, id)
        if (!person.aliases.has(hash) && person.aliases.size + addition.hashes.size < MAX_ALIASES)
          addition.hashes.add(hash)
      }
    }
    const unknown = [...additions].flatMap(([{ lookup }, { hashes }]) =>
      hashes.size > 0 ? [{ lookup, aliases: [...hashes] }] : [],
    )
    if (unknown.length > 0) await vault.addAliases(unknown)
    for (const [person, { known, hashes }] of additions) {
      person.aliases = person.aliases!.union(hashes)
      person.knownAliases = new Set([...(person.knownAliases ?? []), ...known])
    }
  }

  return {
    leaseMs,
    lookUp: async references => {
      const keys = references.map(({ type, id }) => `${type}\0${id}`)
      forgetStale()
      const persons = keys.map(key => {
        const person = cache.get(key)
        return inLease(person) ? person : undefined
      })
      const missing = new Map<string, SubjectReference>()
      for (const [i, key] of keys.entries()) {
        if (persons[i]) continue
        const reference = references[i]!
        missing.set(key, { ...reference, create: reference.create || missing.get(key)?.create === true })
      }
      if (missing.size > 0) {
        const read = await readPersons(missing)
        for (const [i, key] of keys.entries()) persons[i] ??= read.get(key)
      }
      await recordAliases(references, persons)
      return persons
    },
  }
}
