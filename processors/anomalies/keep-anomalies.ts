// Writes what is found in windows, as it goes on and as it ends. Whoever else found the same wrote the same.

import type { Change } from '../../governance/anomalies/runs.ts'
import {
  anomaliesFrom,
  anomaliesOf,
  ended,
  extended,
  type Leveller,
  newAnomaly,
} from '../../governance/anomalies/stored-anomaly.ts'
import type { Logger } from '../../runtime/logger.ts'
import { changeDocument } from '../../storage/documents/change-document.ts'
import type { Documents, FindOptions } from '../../storage/documents/documents.ts'
import { asBody, type StoredAnomaly } from '../../storage/stored-shapes.ts'

const COLLECTION = 'anomalies'
/** Anomalies of a dataset that go on at once: what is found beyond is logged, and not stored. */
const MAX_RUNNING = 200
const PAGE = 1_000
/** Anomalies of the last week that are looked at. */
const MAX_KNOWN = 5_000

export interface KeepDeps {
  documents: Pick<Documents, 'get' | 'find' | 'insertFirst' | 'upsertNewer'>
  logger: Pick<Logger, 'warn' | 'info'>
  now: () => number
}

/** Anomalies of a dataset that go on, whatever somebody said of them. */
export async function runningAnomalies(
  { documents }: Pick<KeepDeps, 'documents'>,
  dataset: string,
): Promise<StoredAnomaly[]> {
  const found = await documents.find(COLLECTION, { where: { running: dataset }, limit: PAGE })
  return found.map(({ body }) => body as unknown as StoredAnomaly)
}

/** Anomalies that began since then, whether they go on or not. */
export async function anomaliesSince(
  { documents }: Pick<KeepDeps, 'documents'>,
  dataset: string,
  fromMs: number,
): Promise<StoredAnomaly[]> {
  const anomalies: StoredAnomaly[] = []
  let after: FindOptions['after'] = { id: anomaliesFrom(dataset, fromMs) }
  while (anomalies.length < MAX_KNOWN) {
    const page = await documents.find(COLLECTION, { after, limit: PAGE })
    const ours = page.filter(({ id }) => id.startsWith(anomaliesOf(dataset)))
    anomalies.push(...ours.map(({ body }) => body as unknown as StoredAnomaly))
    if (ours.length < PAGE) break
    after = { id: ours.at(-1)!.id }
  }
  return anomalies
}

/** @param keptMs how long anomalies are kept from when they are found; undefined where nobody says */
export async function keepChange(
  deps: KeepDeps,
  dataset: string,
  change: Change,
  leveller: Leveller,
  keptMs: number | undefined,
): Promise<void> {
  const { documents, now } = deps
  const { run } = change
  if (change.type === 'opened') return open(deps, newAnomaly(dataset, run, change.findings, leveller, now()), keptMs)
  const body = await changeDocument(documents, COLLECTION, run.id, stored => {
    const anomaly = stored as unknown as StoredAnomaly
    const changed = change.type === 'extended' ? extended(anomaly, change.finding, now()) : ended(anomaly, now())
    return changed && asBody(changed)
  })
  if (change.type === 'ended' && body) deps.logger.info({ dataset, kind: body.kind }, 'an anomaly is over')
}

async function open(
  { documents, logger, now }: KeepDeps,
  anomaly: StoredAnomaly,
  keptMs: number | undefined,
): Promise<void> {
  const { id, dataset, kind, severity } = anomaly
  const running = await documents.find(COLLECTION, { where: { running: dataset }, limit: MAX_RUNNING })
  if (running.length >= MAX_RUNNING) {
    logger.warn({ dataset, kind, severity }, `${MAX_RUNNING} anomalies go on: a further one is not stored`)
    return
  }
  const expiresAtMs = keptMs === undefined ? null : now() + keptMs
  await documents.insertFirst(COLLECTION, [{ id, version: 0, expiresAtMs, body: asBody(anomaly) }])
  logger.warn({ dataset, kind, severity }, 'an anomaly was found: GET /v1/anomalies shows it')
}
