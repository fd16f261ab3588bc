// What somebody says of an anomaly: that it is known, over, none at all, or not over after all.

import { changeDocument } from '../../storage/documents/change-document.ts'
import type { Documents } from '../../storage/documents/documents.ts'
import { type AnomalyState, asBody, type StoredAnomaly } from '../../storage/stored-shapes.ts'
import { inState } from './stored-anomaly.ts'

/** What may become of it. What was over, or none, opens again with a comment alone. */
export const nextStates: Record<AnomalyState, readonly AnomalyState[]> = {
  open: ['acknowledged', 'resolved', 'false-alarm'],
  acknowledged: ['open', 'resolved', 'false-alarm'],
  resolved: ['open', 'false-alarm'],
  'false-alarm': ['open'],
}

export interface Judgement {
  state: AnomalyState
  comment?: string | undefined
  /** A caller's id. */
  by: string
  atMs: number
}

/** It is in a state that this one does not follow. */
export class WrongState extends Error {
  override name = 'WrongState'
  readonly state: AnomalyState
  /** It would, with a comment. */
  readonly needsComment: boolean

  constructor(state: AnomalyState, needsComment: boolean) {
    super(`the anomaly is ${state}`)
    this.state = state
    this.needsComment = needsComment
  }
}

/**
 * Changes its state, and says in its history who did.
 * @returns undefined if there is none of this id @throws WrongState
 */
export async function judgeAnomaly(
  documents: Pick<Documents, 'get' | 'upsertNewer'>,
  id: string,
  { state, ...judgement }: Judgement,
): Promise<StoredAnomaly | undefined> {
  const body = await changeDocument(documents, 'anomalies', id, stored => {
    const anomaly = stored as unknown as StoredAnomaly
    const from = anomaly.state
    const isReopened = (from === 'resolved' || from === 'false-alarm') && state === 'open'
    const lacksComment = isReopened && judgement.comment === undefined
    if (!nextStates[from].includes(state) || lacksComment) throw new WrongState(from, lacksComment)
    return asBody(inState(anomaly, state, judgement))
  })
  return body as StoredAnomaly | undefined
}
