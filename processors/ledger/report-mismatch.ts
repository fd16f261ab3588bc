// A line of the ledger that does not balance, as an anomaly of the highest severity: opened once it was seen twice,
// resolved by itself should it balance later.

import { isDeepStrictEqual } from 'node:util'
import { describeMismatches } from '../../governance/anomalies/describe-anomaly.ts'
import { inState, isUnsolved, OURSELVES, unsolvedStates } from '../../governance/anomalies/stored-anomaly.ts'
import type { LedgerLine, Mismatch } from '../../governance/ledger/ledger-line.ts'
import { mismatchId } from '../../governance/ledger/read-ledger.ts'
import type { Logger } from '../../runtime/logger.ts'
import { changeDocument } from '../../storage/documents/change-document.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import type { JsonObject } from '../../storage/json.ts'
import { asBody, type StoredAnomaly } from '../../storage/stored-shapes.ts'

const COLLECTION = 'anomalies'
/** Open ones that are looked at again in one turn. */
export const MAX_OPEN = 100

export interface ReportDeps {
  documents: Pick<Documents, 'get' | 'find' | 'insertFirst' | 'upsertNewer'>
  logger: Pick<Logger, 'error' | 'info'>
  now: () => number
}

/** @param keptMs how long anomalies are kept from when they are found; undefined where nobody says */
export async function reportMismatch(
  { documents, logger, now }: ReportDeps,
  line: LedgerLine,
  mismatches: Mismatch[],
  keptMs: number | undefined,
): Promise<void> {
  const { dataset, window } = line
  const evidence = { mismatches, line } as unknown as JsonObject
  const anomaly: StoredAnomaly = {
    id: mismatchId(dataset, window.start),
    dataset,
    kind: 'ledger-mismatch',
    severity: 'critical',
    state: 'open',
    detectedAt: new Date(now()).toISOString(),
    detail: describeMismatches({ mismatches, line }, 'en'),
    evidence,
    ...{ eventDocument: null, subject: null, schema: null, policy: null },
    ...{ position: null, copy: null, reprotectedAt: null },
  }
  const expiresAtMs = keptMs === undefined ? null : now() + keptMs
  const [stored] = await documents.insertFirst(COLLECTION, [
    { id: anomaly.id, version: 0, expiresAtMs, body: asBody(anomaly) },
  ])
  if (stored!.body.detectedAt === anomaly.detectedAt)
    logger.error({ dataset, window: window.start, mismatches }, 'the ledger does not balance')
  const { detail } = anomaly
  await changeDocument(documents, COLLECTION, anomaly.id, body => {
    const stored = body as unknown as StoredAnomaly
    // What somebody said of these very numbers stands; what had come right has gone wrong again.
    if (stored.state !== 'resolved' && isDeepStrictEqual(stored.evidence, evidence)) return undefined
    const reopened = stored.state === 'open' ? stored : inState(stored, 'open', { by: OURSELVES, atMs: now() })
    return asBody({ ...reopened, detail, evidence, lastSeenAt: new Date(now()).toISOString() })
  })
}

/** It balances: where an anomaly says otherwise, that is over. */
export async function resolveMismatch({ documents, logger, now }: ReportDeps, line: LedgerLine): Promise<void> {
  const { dataset, window } = line
  const atMs = now()
  const body = await changeDocument(documents, COLLECTION, mismatchId(dataset, window.start), body => {
    const stored = body as unknown as StoredAnomaly
    return isUnsolved(stored) ? asBody(inState(stored, 'resolved', { by: OURSELVES, atMs })) : undefined
  })
  if (body?.resolvedAt === new Date(atMs).toISOString())
    logger.info({ dataset, window: window.start }, 'the ledger balances again')
}

/** Starts of the windows whose mismatch is not over, `MAX_OPEN` at most. @param after those that start later */
export async function openMismatches({ documents }: ReportDeps, dataset: string, after: string): Promise<string[]> {
  const found = await Promise.all(
    unsolvedStates.map(state => {
      const where = { dataset, kind: 'ledger-mismatch', state }
      return documents.find(COLLECTION, { where, after: { id: mismatchId(dataset, after) }, limit: MAX_OPEN })
    }),
  )
  const starts = found.flat().map(({ id }) => id.slice(mismatchId(dataset, '').length))
  return starts.sort().slice(0, MAX_OPEN)
}
