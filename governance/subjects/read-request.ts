// What is sealed in a person's request, for who may carry it out: whom it is about, who asked and why. Until it is done;
// its key is destroyed then.

import type { JsonObject } from '../../storage/json.ts'
import type { Audit } from '../audit/audit.ts'
import type { KeyRing } from './key-ring.ts'
import { openContent, type SealedContent, type StoredRequest } from './rights-request.ts'

export interface RequestDetails extends Pick<SealedContent, 'subjects' | 'reason' | 'requester'> {
  alias: SealedContent['alias'] | null
  /** What one kind of request says beside. */
  asked: JsonObject
  /** Why it takes longer. */
  extension: string | null
}

/** Recorded before it is answered; undefined once it is destroyed. @throws VaultUnavailable, EventLogUnavailable */
export async function readRequest(
  { ring, audit }: { ring: Pick<KeyRing, 'findRequestKey'>; audit: Audit },
  { id, sealed, sealedExtension }: Pick<StoredRequest, 'id' | 'sealed' | 'sealedExtension'>,
  actor: string,
): Promise<RequestDetails | undefined> {
  const key = sealed === null ? undefined : await ring.findRequestKey(id)
  if (!key) return undefined
  const { subjects, alias = null, reason, requester, details } = openContent(key, id, sealed!)
  const extension = sealedExtension === null ? null : openContent<string>(key, id, sealedExtension)
  await audit.record({ kind: 'request-read', actor, request: id })
  return { subjects, alias, reason, requester, asked: details, extension }
}
