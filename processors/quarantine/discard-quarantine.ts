// Discards rejected originals for good, for a recorded reason. What is left of each is a mark without values; the log
// keeps its sealed copy until its retention ends. A person who is restricted, or under a legal hold, keeps theirs.

import type { Audit } from '../../governance/audit/audit.ts'
import type { Catalogue } from '../../governance/contract/catalogue.ts'
import { logEndMs } from '../../governance/contract/log-end.ts'
import { RequestFailed } from '../../governance/subjects/find-asked.ts'
import { type AskedDiscard, discardOutcomes } from '../../governance/subjects/quarantine-request.ts'
import type { RequestResult, RunningRequest } from '../../governance/subjects/running-request.ts'
import type { Documents, StoredDocument } from '../../storage/documents/documents.ts'
import { sealingPersons } from '../../storage/quarantine-record.ts'
import type { StoredQuarantine } from '../../storage/stored-quarantine.ts'
import type { Vault } from '../../storage/vault/vault.ts'
import { awaitTurn, type Decided, goOverEntries } from './go-over-entries.ts'

export interface DiscardDeps {
  vault: Pick<Vault, 'findByPseudonyms'>
  documents: Documents
  catalogue: Pick<Catalogue, 'find'>
  audit: Audit
  now: () => number
}

/** @throws RequestFailed for a dataset that is not live; RequestWaits for its turn */
export async function discardQuarantine(deps: DiscardDeps, request: RunningRequest): Promise<RequestResult> {
  const dataset = request.filed.dataset!
  const asked = request.content.details as unknown as AskedDiscard
  await awaitTurn(deps, request)
  const quarantineMs = () => {
    const contract = deps.catalogue.find(dataset)
    if (contract) return contract.retentionMs.quarantine
    throw new RequestFailed(`no contract of ${dataset} is live here: put its policy back, and file it again`)
  }
  const counts = await request.stage('gone over', () =>
    goOverEntries(deps, request, {
      dataset,
      asked,
      dryRun: false,
      outcomes: discardOutcomes,
      quarantineMs,
      decide: entries => discardPage(deps, entries),
    }),
  )
  await request.stage('recorded', async () => {
    await deps.audit.record({ kind: 'discarded', actor: 'ecluse', dataset, request: request.id, details: { counts } })
    return null
  })
  const logUntil = new Date(Date.parse(request.filed.createdAt) + logEndMs(quarantineMs())).toISOString()
  return { outcome: { counts, logUntil }, certificate: null }
}

async function discardPage({ vault }: DiscardDeps, entries: StoredDocument[]): Promise<Decided[]> {
  const personsOf = ({ body }: StoredDocument) => sealingPersons(body as unknown as StoredQuarantine)
  const persons = await vault.findByPseudonyms([...new Set(entries.flatMap(personsOf))])
  const keeping = new Set(
    persons.flatMap(({ pseudonym, state, sealedHold }) =>
      state === 'restricted' || sealedHold !== null ? pseudonym : [],
    ),
  )
  return entries.map(entry => ({
    id: entry.id,
    outcome: personsOf(entry).some(person => keeping.has(person)) ? 'kept' : 'discarded',
  }))
}
