// What became of a rejected event, by the id of its entry in the quarantine: its own id is sealed there with it.

import type { Caller } from '../governance/access/caller.ts'
import type { LiveAccess } from '../governance/access/live-access.ts'
import type { LiveContract } from '../governance/contract/catalogue.ts'
import { logEndMs } from '../governance/contract/log-end.ts'
import type { Documents, StoredDocument } from '../storage/documents/documents.ts'
import { isLeft, type StoredLeft, type StoredQuarantine } from '../storage/stored-quarantine.ts'
import type { Vault } from '../storage/vault/vault.ts'
import type { EventHistory, Step } from './event-history.ts'
import type { Place } from './find-places.ts'

export interface EntryHistoryDeps {
  access: LiveAccess
  documents: Pick<Documents, 'get'>
  vault: Pick<Vault, 'findUnreadable'>
}

/**
 * Undefined where there is no such entry, or none that the caller may know of: of a person of whom nothing may be read,
 * with the calls of one that does not exist.
 * @throws DocumentsUnavailable, VaultUnavailable
 */
export async function entryHistory(
  { access, documents, vault }: EntryHistoryDeps,
  caller: Caller,
  live: LiveContract,
  id: string,
): Promise<EventHistory | undefined> {
  if (!access.current().may(caller, 'quarantine', live.dataset)) return undefined
  const document = await documents.get('quarantine', id)
  const entry = document?.body as unknown as StoredQuarantine | StoredLeft | undefined
  const subject = entry?.subject ?? null
  const unreadable = await vault.findUnreadable(subject === null ? [] : [subject])
  if (!document || !entry || unreadable.size > 0) return undefined
  if (('left' in entry ? entry.left : entry.dataset) !== live.dataset) return undefined
  // It left since nothing may be stored of its person.
  if (entry.outcome === 'suppressed') return undefined
  return { id, dataset: live.dataset, ...toldOf(entry), stored: placesOf(document, entry, live) }
}

function toldOf(entry: StoredQuarantine | StoredLeft): Pick<EventHistory, 'outcome' | 'schema' | 'policy' | 'steps'> {
  const { receivedAt, request, outcome } = entry
  const received: Step = { step: 'received', at: receivedAt }
  if ('left' in entry) {
    const step = outcome === 'discarded' ? 'discarded' : 'replayed'
    const last: Step = { step, request: entry.request, ...(step === 'replayed' && { outcome: entry.outcome }) }
    return { outcome: step, steps: [received, { step: 'quarantined' }, last] }
  }
  const { schema, policy, errors } = entry
  const causes = errors.map(({ pointer, keyword }) => ({ pointer, keyword }))
  const steps: Step[] = [received, { step: 'quarantined', schema, policy, causes }]
  // Of an entry that was to be discarded and stays it is nobody's to know why.
  if (request !== undefined && outcome !== undefined && outcome !== 'kept')
    steps.push({ step: 'replayed', request, outcome })
  return { outcome: 'rejected', schema, policy, steps }
}

/** An entry ends with its original; what is left of one tells of no place but the log. */
function placesOf(
  { expiresAtMs, body }: StoredDocument,
  { receivedAt }: StoredQuarantine | StoredLeft,
  { retentionMs }: LiveContract,
): Place[] {
  const inLogMs = Date.parse(receivedAt) + logEndMs(Math.min(retentionMs.log, retentionMs.quarantine))
  const until = expiresAtMs === null ? {} : { until: new Date(expiresAtMs).toISOString() }
  return [
    isLeft(body) ? { holder: 'documents', found: false } : { holder: 'documents', found: true, ...until },
    { holder: 'log', until: new Date(inLogMs).toISOString() },
  ]
}
