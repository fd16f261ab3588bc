// A correction and the event it corrects, joined: the old event is marked, its rows go, whichever of the two comes
// first. What was derived from it is to be computed anew.

import type { Documents } from '../storage/documents/documents.ts'
import { asBody, eventDocumentId, type StoredEvent, type StoredRectification } from '../storage/stored-shapes.ts'
import type { EffectiveEvent } from './archive-events.ts'
import { changeEvent } from './change-event.ts'
import { type FillDeps, fillTables } from './fill-tables.ts'
import type { RetentionInForce } from './retentions.ts'
import { noteDays } from './windows/note-days.ts'

/** Corrections whose event has not come yet: there are some only while the log is read anew. */
const MAX_WAITING = 1_000

export interface SettleDeps extends FillDeps {
  documents: Documents
}

/** To be called once these events are archived. Idempotent. */
export async function settleRectifications(
  deps: SettleDeps,
  dataset: string,
  events: EffectiveEvent[],
  retention: RetentionInForce | undefined,
): Promise<void> {
  const { documents } = deps
  for (const { record } of events) {
    const { id, receivedAt, rectification } = record
    if (!rectification) continue
    const correction = { dataset, event: rectification.event, by: id }
    if (await mark(deps, correction, retention)) continue
    const expiresAtMs = retention ? Date.parse(receivedAt) + retention.events : null
    const waiting = { id: eventDocumentId(dataset, rectification.event), version: 0, expiresAtMs }
    await documents.insertFirst('rectifications', [{ ...waiting, body: asBody(correction) }])
  }
  // Asked after these events were archived: of an event and a correction that come at once, one finds the other.
  const waiting = await documents.find('rectifications', { where: { dataset }, limit: MAX_WAITING })
  for (const { id, body } of waiting)
    if (await mark(deps, body as unknown as StoredRectification, retention))
      await documents.delete('rectifications', [id])
}

/** @returns whether the corrected event was there */
async function mark(
  deps: SettleDeps,
  { dataset, event, by }: StoredRectification,
  retention: RetentionInForce | undefined,
): Promise<boolean> {
  const rectified = (stored: StoredEvent) => (stored.rectifiedBy === by ? undefined : { ...stored, rectifiedBy: by })
  const marked = await changeEvent(deps.documents, eventDocumentId(dataset, event), rectified)
  if (!marked) return false
  await fillTables(deps, dataset, [marked], retention)
  await noteDays(deps.documents, [marked])
  return true
}
