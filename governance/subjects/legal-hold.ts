// A legal hold (GDPR art. 17.3 e): while it stands, the person is not erased. Why it stands rests sealed beside the raw
// id, under the same key, and is recorded likewise.

import type { Vault } from '../../storage/vault/vault.ts'
import type { Audit } from '../audit/audit.ts'
import { open, seal } from '../protection/seal.ts'
import { type ChangeRightsDeps, changeRights } from './change-rights.ts'
import { findAsked } from './find-asked.ts'
import { findPersons, type KnownPerson } from './find-persons.ts'
import type { KeyRing } from './key-ring.ts'

export interface HoldDeps {
  vault: Vault
  rights: ChangeRightsDeps['rights']
  ring: KeyRing
  audit: Audit
}

export interface Named {
  type: string
  id: string
}

/** `unknown`: nobody lives under this id; `erasing`: the erasure has begun, and cannot be held up any more. */
export type HoldResult = 'done' | 'unknown' | 'erasing'

export async function placeHold(
  deps: HoldDeps,
  { actor, subject, reason }: { actor: string; subject: Named; reason: string },
): Promise<HoldResult> {
  const person = await findLiving(deps, subject)
  if (!person) return 'unknown'
  if (person.state === 'erasing') return 'erasing'
  const about = { person, sealed: { reason } }
  await deps.audit.record({ kind: 'legal-hold', actor, details: { change: 'placed' }, about })
  const sealedHold = seal(person.keys.id, Buffer.from(reason), holdPlace(person.pseudonym))
  await setHold(deps, person, sealedHold)
  const [entry] = await deps.vault.findByPseudonyms([person.pseudonym])
  if (entry && entry.state !== 'erasing') return 'done'
  // The fence was faster.
  await setHold(deps, person, null)
  await deps.audit.record({ kind: 'legal-hold', actor, details: { change: 'refused' }, about })
  return entry ? 'erasing' : 'unknown'
}

/** Idempotent. */
export async function liftHold(
  deps: HoldDeps,
  { actor, subject, reason }: { actor: string; subject: Named; reason: string },
): Promise<HoldResult> {
  const person = await findLiving(deps, subject)
  if (!person) return 'unknown'
  await deps.audit.record({
    kind: 'legal-hold',
    actor,
    details: { change: 'lifted' },
    about: { person, sealed: { reason } },
  })
  await setHold(deps, person, null)
  return 'done'
}

function setHold(deps: HoldDeps, person: KnownPerson, sealedHold: Buffer | null): Promise<void> {
  return changeRights(deps, [person], rights => ({ ...rights, sealedHold }))
}

/** Why a hold stands, null where none does; that it was read is recorded first. Undefined where nobody is known. */
export async function readHold(
  deps: HoldDeps,
  { actor, subject }: { actor: string; subject: Named },
): Promise<{ reason: string | null } | undefined> {
  const person = await findLiving(deps, subject)
  if (!person || person.state === 'erasing') return undefined
  const [entry] = await deps.vault.findPersons([person.lookup])
  if (!entry || entry.state === 'erased') return undefined
  if (entry.sealedHold === null) return { reason: null }
  await deps.audit.record({ kind: 'legal-hold', actor, details: { change: 'read' }, about: { person } })
  return { reason: open(person.keys.id, entry.sealedHold, holdPlace(person.pseudonym)).toString() }
}

async function findLiving({ vault, ring }: HoldDeps, subject: Named): Promise<KnownPerson | undefined> {
  const { living } = await findAsked(vault, ring, { subjects: [subject] })
  const pseudonyms = living.map(({ pseudonym }) => pseudonym)
  return (await findPersons(vault, ring, pseudonyms)).get(pseudonyms[0]!)
}

function holdPlace(pseudonym: string): string {
  return `legal-hold\0${pseudonym}`
}
