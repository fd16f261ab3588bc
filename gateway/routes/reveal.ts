// The original of a rejected event, for those who mend it: opened with its person's key or its day's, for a stated
// purpose, and recorded before it is answered.

import { isUtf8 } from 'node:buffer'
import Type from 'typebox'
import type { AuditEvent } from '../../governance/audit/audit.ts'
import type { Contract } from '../../governance/contract/contract.ts'
import { type SealingKey, seal } from '../../governance/protection/seal.ts'
import { findPersons } from '../../governance/subjects/find-persons.ts'
import { openOriginal } from '../../governance/subjects/quarantine-seal.ts'
import { isLeft, type StoredQuarantine } from '../../storage/stored-quarantine.ts'
import { RequestRefused } from '../body/request-refused.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers } from '../shapes.ts'
import { purposeShape } from '../stated-purpose.ts'
import { noSuchEntry } from './quarantine.ts'

const OriginalShape = Type.Object({
  id: Type.String({ description: 'Of the quarantine entry' }),
  dataset: Type.String(),
  eventId: Type.String({ description: 'The event’s own id, or the one made for it' }),
  contentType: Type.String({ description: 'Of the request it came with' }),
  attributes: Type.Optional(Type.Unknown({ description: 'CloudEvents attributes that came apart from the body' })),
  encoding: Type.String({ description: 'Of `body`: utf8, or base64 where it is no text' }),
  body: Type.String({ description: 'The event as it came, byte by byte' }),
})

export function revealRoute(app: Gateway, deps: GatewayDeps): void {
  const { documents, access, audit, catalogue } = deps
  app.post(
    '/v1/quarantine/:id/reveal',
    {
      config: { access: { action: 'reveal' } },
      schema: {
        tags: ['quarantine'],
        summary: 'The original of a rejected event; recorded',
        params: Type.Object({ id: Type.String() }),
        body: Type.Object({ purpose: purposeShape }, { additionalProperties: false }),
        response: answers(200, OriginalShape, 400, 401, 403, 404, 410),
      },
    },
    async (request, reply) => {
      const { caller, params, body } = request
      const stored = await documents.get('quarantine', params.id)
      const found = stored && !isLeft(stored.body) ? (stored.body as unknown as StoredQuarantine) : undefined
      // Whose dataset the caller may not see does not exist for it.
      if (!found || !access.current().may(caller, 'reveal', found.dataset)) throw noSuchEntry()
      const { id, dataset, sealed } = found
      const opening = await findOpening(deps, found, body.purpose, catalogue.find(dataset))
      if (!opening) throw originalGone()
      const original = openOriginal(opening.key, sealed, dataset, id)
      await audit.record({ kind: 'original-revealed', actor: caller.id, dataset, ...opening.recorded })
      const isText = isUtf8(original.body)
      return reply.header('cache-control', 'no-store').send({
        id,
        dataset,
        eventId: original.id,
        contentType: original.contentType,
        ...(original.attributes && { attributes: original.attributes }),
        encoding: isText ? 'utf8' : 'base64',
        body: original.body.toString(isText ? 'utf8' : 'base64'),
      })
    },
  )
}

interface Opening {
  key: SealingKey
  /** The purpose is sealed under what the original is sealed under, and dies with it. */
  recorded: Pick<AuditEvent, 'about' | 'details'>
}

/** Undefined where the key is destroyed, or nothing may be read of the person. */
async function findOpening(
  { vault, ring }: GatewayDeps,
  { id, sealedBy }: StoredQuarantine,
  purpose: string,
  live: Contract | undefined,
): Promise<Opening | undefined> {
  if (sealedBy.by === 'day') {
    const key = await ring.findQuarantineKey(sealedBy.key)
    const sealed = key && seal(key, Buffer.from(purpose), `reveal-purpose\0${id}`).toString('base64url')
    return key && { key, recorded: { details: { entry: id, key: sealedBy.key, sealedPurpose: sealed! } } }
  }
  const person = (await findPersons(vault, ring, [sealedBy.pseudonym])).get(sealedBy.pseudonym)
  const isFenced = person?.state !== 'active' || (live && person.objections.includes(live.policy.purpose))
  return isFenced
    ? undefined
    : { key: person.keys.quarantine, recorded: { details: { entry: id }, about: { person, sealed: { purpose } } } }
}

function originalGone(): RequestRefused {
  return new RequestRefused({
    status: 410,
    slug: 'original-gone',
    detail: 'The original of this entry can be read no more: its key is destroyed, or its person may not be read.',
    fix: 'Mend the event where it comes from, and send it again; the entry says what was wrong.',
  })
}
