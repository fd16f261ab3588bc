// The original of a rejected event, for those who mend it: for a stated purpose, and recorded before it is answered.

import { isUtf8 } from 'node:buffer'
import Type from 'typebox'
import type { AuditEvent } from '../../governance/audit/audit.ts'
import { seal } from '../../governance/protection/seal.ts'
import type { KnownPerson } from '../../governance/subjects/find-persons.ts'
import type { KeyRing } from '../../governance/subjects/key-ring.ts'
import { revealOriginal } from '../../governance/subjects/reveal-original.ts'
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
  const { documents, access, audit, catalogue, ring } = deps
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
      const { id, dataset } = found
      const revealed = await revealOriginal(deps, found, catalogue.find(dataset))
      if (!revealed) throw originalGone()
      const { original, persons } = revealed
      const recorded = await entriesOf(ring, found, persons, body.purpose)
      await audit.record(
        ...recorded.map(each => ({ kind: 'original-revealed' as const, actor: caller.id, dataset, ...each })),
      )
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

/**
 * One for each person in it, the purpose sealed under that person's key; where nobody in it is known, one whose purpose
 * is sealed under the key of the day, and dies with it.
 */
async function entriesOf(
  ring: KeyRing,
  { id, sealedBy }: StoredQuarantine,
  persons: KnownPerson[],
  purpose: string,
): Promise<Pick<AuditEvent, 'about' | 'details'>[]> {
  const details = { entry: id }
  if (sealedBy.by === 'person' || persons.length > 0)
    return persons.map(person => ({ details, about: { person, sealed: { purpose } } }))
  const key = await ring.findQuarantineKey(sealedBy.key)
  if (!key) throw originalGone()
  const sealedPurpose = seal(key, Buffer.from(purpose), `reveal-purpose\0${id}`).toString('base64url')
  return [{ details: { ...details, key: sealedBy.key, sealedPurpose } }]
}

function originalGone(): RequestRefused {
  return new RequestRefused({
    status: 410,
    slug: 'original-gone',
    detail: 'The original of this entry can be read no more: its key is destroyed, or somebody in it may not be read.',
    fix: 'Mend the event where it comes from, and send it again; the entry says what was wrong.',
  })
}
