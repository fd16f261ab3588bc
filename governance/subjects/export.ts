// The export of what is stored of a person (GDPR art. 15 and 20): everything, in the clear as far as the person's keys
// reach, for people and for machines; and nothing of anybody else. Nothing of it is kept in the clear.

import { languageOf } from '../../runtime/language.ts'
import type { Vault } from '../../storage/vault/vault.ts'
import type { Audit } from '../audit/audit.ts'
import type { Signer } from '../audit/sign.ts'
import { buildPackage } from './export/build-package.ts'
import type { PackageStore } from './export/package-store.ts'
import type { PersonalData } from './export/personal-data.ts'
import { type DeclaredKinds, findAsked } from './find-asked.ts'
import { findPersons, type KnownPerson } from './find-persons.ts'
import type { KeyRing } from './key-ring.ts'
import { type PassDeps, passProcessors } from './pass-processors.ts'
import type { RequestResult, RunningRequest } from './running-request.ts'

export interface ExportDeps extends PassDeps {
  vault: Vault
  ring: KeyRing
  /** What live policies name. */
  kinds(): DeclaredKinds
  /**
   * All that is stored of these persons, who are the same human being under several ids.
   * @throws RequestFailed when it is more than one package holds
   */
  gather(
    persons: ReadonlyMap<string, KnownPerson>,
    onRecords: (records: number) => Promise<void>,
  ): Promise<PersonalData>
  packages: PackageStore
  /** How long a package can be fetched, ms. */
  packageMs: number
  /** Runs one such work after the other: a package is made in memory. */
  inTurn<T>(work: () => Promise<T>): Promise<T>
  audit: Audit
  signer: Signer
  now: () => number
}

/**
 * Makes the package of the persons a request asks for.
 * @throws RequestFailed for an ambiguous alias or a kind that no policy names; when there is more than one package holds
 */
export async function exportPerson(deps: ExportDeps, request: RunningRequest): Promise<RequestResult> {
  const { vault, ring, audit } = deps
  const { stage, content } = request
  const asked = await stage('found', () => findAsked(vault, ring, content, deps.kinds()))
  await passProcessors(deps, request)

  // One stage: between two, what was gathered would have to rest somewhere.
  const made = await stage('package made', () => deps.inTurn(() => makePackage(deps, request, asked.living)))

  const erased = asked.erased + asked.living.length - made.persons
  const outcome = { ...made, erased, unknown: asked.unknown }
  await stage('recorded', async () => {
    await audit.record({ kind: 'right-done', actor: 'ecluse', request: request.id, details: outcome })
    return null
  })
  return { outcome, certificate: null }
}

async function makePackage(deps: ExportDeps, request: RunningRequest, asked: { pseudonym: string }[]) {
  const { vault, ring, packages, now } = deps
  const pseudonyms = asked.map(({ pseudonym }) => pseudonym)
  const found = await findPersons(vault, ring, pseudonyms)
  const persons = new Map([...found].filter(([, { state }]) => state !== 'erasing'))
  if (persons.size === 0) return { persons: 0, records: 0, packageUntil: null }
  const data = await deps.gather(persons, records => request.tellHolder('package', records, false))
  const createdAtMs = now()
  const bytes = await buildPackage(deps.signer, data, {
    request: request.id,
    requestedAt: request.filed.createdAt,
    createdAt: new Date(createdAtMs).toISOString(),
    language: languageOf(request.content.details.language),
  })
  const endsAtMs = createdAtMs + deps.packageMs
  await packages.put(request.id, { persons: [...persons.values()], bytes, endsAtMs })
  const records = data.datasets.reduce((sum, each) => sum + each.records.length + each.rejected.length, 0)
  await request.tellHolder('package', records, true)
  return { persons: persons.size, records, packageUntil: new Date(endsAtMs).toISOString() }
}
