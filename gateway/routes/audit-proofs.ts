// What shows that the audit was not changed: signed heads of its tree, proofs, all of it as a file, and the public key.
// Everything here is text that is verified bit by bit, so it is sent exactly as it was written.

import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import { leafHash } from '../../governance/audit/merkle-tree.ts'
import { writeConsistency, writeInclusion } from '../../governance/audit/proof.ts'
import { exportEntries, readRecords } from '../../governance/audit/stored-entries.ts'
import { findHead, newestHead, proveConsistency, proveInclusion } from '../../governance/audit/stored-tree.ts'
import type { StoredAuditHead } from '../../storage/stored-audit.ts'
import { RequestRefused } from '../body/request-refused.ts'
import type { Gateway, GatewayDeps } from '../gateway-deps.ts'
import { answers, textAs } from '../shapes.ts'

const config = { access: { action: 'audit', dataset: '*' } } as const
const size = Type.Integer({ minimum: 1, description: 'Size of a tree whose head was signed' })
const signedHead = textAs('application/json', 'The signed head: `{payload: {treeSize, rootHash, at, …}, signature}`')

export function auditProofRoutes(app: Gateway, { documents, signer }: GatewayDeps): void {
  app.get(
    '/v1/audit/head',
    {
      config,
      schema: {
        tags: ['audit'],
        summary: 'The newest signed head: keep it elsewhere, and later changes can be shown',
        response: answers(200, signedHead, 401, 403, 404),
      },
    },
    async (_request, reply) => sendExact(reply, (await headOf()).head),
  )

  app.get(
    '/v1/audit/heads/:treeSize',
    {
      config,
      schema: {
        tags: ['audit'],
        summary: 'A signed head by its size',
        params: Type.Object({ treeSize: size }),
        response: answers(200, signedHead, 400, 401, 403, 404),
      },
    },
    async (request, reply) => sendExact(reply, (await headOf(request.params.treeSize)).head),
  )

  app.get(
    '/v1/audit/entries/:index/proof',
    {
      config,
      schema: {
        tags: ['audit'],
        summary: 'Proof that an entry stands in a signed tree',
        params: Type.Object({ index: Type.Integer({ minimum: 0 }) }),
        querystring: Type.Object({ treeSize: Type.Optional(size) }, { additionalProperties: false }),
        response: answers(
          200,
          textAs('application/json', '`{index, leafHash, entry, path, head}`, for `ecluse verify`'),
          400,
          401,
          403,
          404,
        ),
      },
    },
    async (request, reply) => {
      const { index } = request.params
      const { treeSize, head } = await headOf(request.query.treeSize)
      if (index >= treeSize) throw notInTree(treeSize)
      const path = await proveInclusion(documents, index, treeSize)
      const [leaf] = await readRecords(documents, [index, index + 1])
      const proven =
        'bytes' in leaf! ? { entry: leaf.bytes, leafHash: leafHash(leaf.bytes) } : { entry: null, ...leaf! }
      return sendExact(reply, writeInclusion({ index, ...proven, path, head }))
    },
  )

  app.get(
    '/v1/audit/consistency',
    {
      config,
      schema: {
        tags: ['audit'],
        summary: 'Proof that one signed tree is the beginning of another',
        querystring: Type.Object({ from: size, to: Type.Optional(size) }, { additionalProperties: false }),
        response: answers(
          200,
          textAs('application/json', '`{from, to, proof}`, for `ecluse verify`'),
          400,
          401,
          403,
          404,
        ),
      },
    },
    async (request, reply) => {
      const from = await headOf(request.query.from)
      const to = await headOf(request.query.to)
      if (from.treeSize > to.treeSize) throw wrongOrder()
      const proof = await proveConsistency(documents, from.treeSize, to.treeSize)
      return sendExact(reply, writeConsistency({ from: from.head, to: to.head, proof }))
    },
  )

  app.get(
    '/v1/audit/export',
    {
      config,
      schema: {
        tags: ['audit'],
        summary: 'The whole audit as a file, for `ecluse audit verify`',
        response: answers(200, textAs('application/x-ndjson', 'The signed head, then each entry'), 401, 403, 404),
      },
    },
    async (_request, reply) => {
      const { treeSize, head } = await headOf()
      async function* lines() {
        yield `${head}\n`
        yield* exportEntries(documents, treeSize)
      }
      return reply.type('application/x-ndjson').header('ecluse-audit-entries', treeSize).send(Readable.from(lines()))
    },
  )

  app.get(
    '/v1/signing-keys',
    {
      config: { access: {} },
      schema: {
        tags: ['audit'],
        summary: 'The public key of all that is signed',
        response: answers(
          200,
          Type.Object({
            items: Type.Array(
              Type.Object({ keyId: Type.String(), algorithm: Type.String(), publicKeyPem: Type.String() }),
            ),
          }),
          401,
        ),
      },
    },
    async () => ({
      items: [{ keyId: signer.keyId, algorithm: 'Ed25519', publicKeyPem: signer.publicKeyPem }],
    }),
  )

  /** The newest, or the one of this size. @throws RequestRefused 404 */
  async function headOf(treeSize?: number): Promise<StoredAuditHead> {
    if (treeSize === undefined) {
      const newest = await newestHead(documents)
      if (newest) return newest
    } else {
      const head = await findHead(documents, treeSize)
      if (head !== undefined) return { treeSize, head }
    }
    throw noSuchHead()
  }
}

function sendExact(reply: FastifyReply, text: string): FastifyReply {
  return reply.type('application/json').send(text)
}

function noSuchHead(): RequestRefused {
  return new RequestRefused({
    status: 404,
    slug: 'not-found',
    detail: 'No head of the audit tree was signed for that.',
    fix: 'The tree is signed a while after it grew (ECLUSE_AUDIT_HEAD_MS); GET /v1/audit/head gives the newest.',
  })
}

function notInTree(treeSize: number): RequestRefused {
  return new RequestRefused({
    status: 404,
    slug: 'not-found',
    detail: `That signed tree ends at entry ${treeSize - 1}.`,
    fix: 'Ask for an earlier entry, or for a larger treeSize; the newest entries are signed a while later.',
  })
}

function wrongOrder(): RequestRefused {
  return new RequestRefused({
    status: 400,
    slug: 'request-invalid',
    detail: 'The tree of `from` is larger than the other.',
    fix: 'Send the smaller size as `from`.',
  })
}
