// The erasure of a person (GDPR art. 17), from the request to the signed certificate. The moment that counts is when the
// person's key is destroyed: from then on tokens and ciphertexts are noise, wherever they were copied. What comes before
// makes sure that nothing new is made of it; what comes after removes what is left, and looks whether it is gone.
// Every stage may be interrupted and done again.

import type { JsonObject } from '../../storage/json.ts'
import type { Vault } from '../../storage/vault/vault.ts'
import type { Audit } from '../audit/audit.ts'
import type { Signer } from '../audit/sign.ts'
import type { ErasureLedger } from './erasure-ledger.ts'
import { expectNoHold, fencePersons } from './fence.ts'
import { type AskedPerson, type AskedPersons, type DeclaredKinds, findAsked } from './find-asked.ts'
import type { Holder, Remain } from './holder.ts'
import type { KeyRing } from './key-ring.ts'
import { type PassDeps, passProcessors } from './pass-processors.ts'
import { type NotedWindows, recompute } from './recompute.ts'
import type { RightsLedger } from './rights-ledger.ts'
import type { RequestResult, RunningRequest } from './running-request.ts'

/** How often a holder is looked at again before the stage counts as failed, and is tried again later. */
const MAX_LOOKS = 5

export interface EraseDeps extends PassDeps {
  vault: Vault
  ring: KeyRing
  ledger: ErasureLedger
  rights: RightsLedger
  /** How long gateways may use what they looked up, ms. */
  leaseMs: number
  /** What live policies name. */
  kinds(): DeclaredKinds
  /** What can be read of these persons' records in the log without their keys; asked before anything is removed. */
  listRemains(persons: AskedPerson[]): Promise<Remain[]>
  /** Every place where personal data rests, in the order in which it is erased from. */
  holders: Holder[]
  windows: NotedWindows
  /** Until when other copies may still open: rejected events of unknown persons, backups of the vault. */
  otherEnds(): Promise<JsonObject>
  /** The newest signed head of the audit tree, which the certificate carries out of our hands. */
  auditHead(): Promise<string | null>
  audit: Audit
  signer: Signer
  now: () => number
}

/**
 * Erases the persons a request asks for.
 * @returns with the certificate: signed, without personal data
 * @throws RequestBlocked while a legal hold stands against it
 * @throws RequestFailed for an ambiguous alias, or a kind that no policy names
 */
export async function erase(deps: EraseDeps, request: RunningRequest): Promise<RequestResult> {
  const { vault, ledger, holders, now } = deps
  const { stage } = request

  const asked = await stage('found', () => findErasable(deps, request))

  // Gateways suppress their events from now on, the last of them when its look-up's lease is over.
  const { persons, fencedAt } = await stage('fenced', async () => ({
    persons: await fencePersons(vault, asked.living),
    fencedAt: timeOf(now),
  }))
  await stage('lease over', () => waitOneLease(deps, request))

  // Apart first: should the vault come back from a backup, it is erased again from there.
  await stage('recorded', async () => {
    await ledger.add({ lookups: persons.map(p => p.lookup), pseudonyms: persons.map(p => p.pseudonym) })
    return null
  })
  const keyDestroyedAt = await stage('key destroyed', async () => {
    await destroyKeys(deps, persons)
    const destroyedAt = timeOf(now)
    // Only now: whoever enters something there from here on finds them erased, and takes it out again.
    await deps.rights.remove(persons.map(({ pseudonym }) => pseudonym))
    return destroyedAt
  })

  // Batches that processors began before they could know of it: all of them stand before this end.
  await passProcessors(deps, request)

  const remains = await stage('remains listed', () => deps.listRemains(persons))
  const erased: { name: string; records: number; verifiedAt?: string; left?: string }[] = []
  for (const holder of holders) {
    const records = await stage(`erased: ${holder.name}`, () => holder.erase(persons))
    await request.tellHolder(holder.name, records, false)
    erased.push({ name: holder.name, records })
  }

  // Whatever was still on its way then has arrived by now.
  await stage('second lease over', () => waitOneLease(deps, request))
  for (const [i, holder] of holders.entries()) {
    const verified = await stage(`verified: ${holder.name}`, () => verify(holder, persons, now))
    await request.tellHolder(holder.name, erased[i]!.records, true)
    Object.assign(erased[i]!, verified)
  }

  // Aggregates that counted their events are computed anew from what remains.
  const aggregates = await recompute(deps, request, persons)

  // Who is not among them any more was erased by another request meanwhile.
  const erasedBefore = asked.erased + asked.living.length - persons.length
  const outcome = { erased: persons.length, erasedBefore, unknown: asked.unknown }
  const certificate = await stage('certified', async () => {
    await deps.audit.record({ kind: 'right-done', actor: 'ecluse', request: request.id, details: outcome })
    return deps.signer.sign({
      type: 'ecluse/erasure-certificate/1',
      request: request.id,
      requestedAt: request.filed.createdAt,
      fencedAt,
      keyDestroyedAt,
      verifiedAt: timeOf(now),
      persons: outcome,
      holders: erased,
      aggregates,
      remains: { log: remains as unknown as JsonObject[], ...(await deps.otherEnds()) },
      auditHead: await deps.auditHead(),
    })
  })
  return { outcome, certificate }
}

/** @throws RequestBlocked while a legal hold stands for one of them */
async function findErasable({ vault, ring, kinds }: EraseDeps, { content }: RunningRequest): Promise<AskedPersons> {
  const asked = await findAsked(vault, ring, content, kinds())
  expectNoHold(await vault.findPersons(asked.living.map(({ lookup }) => lookup)))
  return asked
}

async function waitOneLease({ leaseMs }: EraseDeps, request: RunningRequest): Promise<null> {
  await request.wait(leaseMs)
  return null
}

/** @throws Error when somebody’s key is left */
async function destroyKeys({ vault }: EraseDeps, persons: AskedPerson[]): Promise<void> {
  await Promise.all(persons.map(({ lookup, pseudonym }) => vault.erasePerson(lookup, pseudonym)))
  const pseudonyms = persons.map(({ pseudonym }) => pseudonym)
  const erased = await vault.findErasedPseudonyms(pseudonyms)
  if (!pseudonyms.every(pseudonym => erased.has(pseudonym)))
    throw new Error('the key of a person who is being erased was not where it was fenced')
}

/** Looks again, and removes what slipped through. @throws Error when more comes than is removed */
async function verify(holder: Holder, persons: AskedPerson[], now: () => number) {
  for (let look = 0; look < MAX_LOOKS; look++) {
    if ((await holder.countLeft(persons)) === 0) {
      const left = await holder.scrub(persons)
      return { verifiedAt: timeOf(now), ...(left === null ? {} : { left }) }
    }
    await holder.erase(persons)
  }
  throw new Error(
    `records of an erased person keep coming to ${holder.name}: does something other than Écluse write there?`,
  )
}

const timeOf = (now: () => number) => new Date(now()).toISOString()
