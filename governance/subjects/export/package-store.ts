// Where finished packages rest: sealed in pieces in the lake, under a key of their own that is itself sealed under the
// key of each person they are about. An erased person's packages are noise at once, wherever they were copied.

import { randomBytes } from 'node:crypto'
import type { Documents } from '../../../storage/documents/documents.ts'
import type { Lake } from '../../../storage/lake/lake.ts'
import type { StoredPackage } from '../../../storage/stored-package.ts'
import { asBody } from '../../../storage/stored-shapes.ts'
import type { Vault } from '../../../storage/vault/vault.ts'
import { open, type SealingKey, seal, sealingKey } from '../../protection/seal.ts'
import { findPersons, type KnownPerson } from '../find-persons.ts'
import type { KeyRing } from '../key-ring.ts'

const CHUNK_BYTES = 4 * 1_048_576
const KEY_BYTES = 32
const COLLECTION = 'packages'
/** Persons of one request; and files removed, packages ended, at a time. */
const PAGE = 1_000
/** A piece that an interrupted attempt left is in the way this often at most. */
const ATTEMPTS = 5

export interface PackageStore {
  /** Stores a request's package in place of any other. Idempotent. @throws LakeUnavailable, DocumentsUnavailable */
  put(request: string, made: { persons: KnownPerson[]; bytes: Buffer; endsAtMs: number }): Promise<void>
  /** Undefined once it has ended, or one of its persons is being erased. */
  open(request: string): Promise<OpenedPackage | undefined>
  /** Leaves nothing of it, and nothing that could open a copy. Idempotent. */
  destroy(request: string): Promise<void>
  /** Destroys those that have ended; how many. */
  destroyEnded(): Promise<number>
}

export interface OpenedPackage {
  /** Bytes. */
  size: number
  persons: KnownPerson[]
  /** Its bytes, piece by piece. @throws Error for a piece that is missing or changed */
  read(): AsyncGenerator<Buffer>
}

export interface PackageStoreDeps {
  lake: Lake
  documents: Documents
  vault: Pick<Vault, 'findByPseudonyms' | 'deleteKey'>
  ring: Pick<KeyRing, 'packageKey' | 'findPackageKey' | 'epochKey' | 'loadEpochs'>
  now: () => number
}

export function openPackageStore({ lake, documents, vault, ring, now }: PackageStoreDeps): PackageStore {
  const linksOf = async (request: string) =>
    (await documents.find(COLLECTION, { where: { request }, limit: PAGE })).map(({ id, body }) => ({
      id,
      ...(body as unknown as StoredPackage),
    }))

  async function putPiece(path: string, piece: Buffer): Promise<void> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if ((await lake.putIfAbsent(path, piece)) !== undefined) return
      await lake.delete(path)
    }
    throw new Error(`a piece of a package could not be written: another process writes ${path}`)
  }

  async function removePieces(request: string): Promise<void> {
    for (;;) {
      const paths = await lake.list(`exports/${request}/`, { limit: PAGE })
      for (const path of paths) await lake.delete(path)
      if (paths.length < PAGE) return
    }
  }

  async function destroy(request: string): Promise<void> {
    await vault.deleteKey(`package/${request}`)
    await removePieces(request)
    // Last: what leads to the pieces.
    const links = await linksOf(request)
    await documents.delete(
      COLLECTION,
      links.map(({ id }) => id),
    )
  }

  return {
    put: async (request, { persons, bytes, endsAtMs }) => {
      const key = randomBytes(KEY_BYTES)
      const pieces = Math.ceil(bytes.length / CHUNK_BYTES)
      const sealedKey = sealKey(await ring.packageKey(request), persons, request, key).toString('base64')
      const endsAt = new Date(endsAtMs).toISOString()
      // First: whoever erases one of them finds it from now on.
      await documents.upsertNewer(
        COLLECTION,
        persons.map(({ pseudonym }) => ({
          id: `${request}/${pseudonym}`,
          version: now(),
          expiresAtMs: null,
          body: asBody({ request, subject: pseudonym, endsAt, size: bytes.length, pieces, sealedKey }),
        })),
      )
      await removePieces(request)
      const sealing = sealingKey(key)
      for (let n = 0; n < pieces; n++) {
        const piece = bytes.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES)
        await putPiece(pathOf(request, n), seal(sealing, piece, placeOf(request, n)))
      }
    },
    open: async request => {
      const links = await linksOf(request)
      const [link] = links
      const outer = await ring.findPackageKey(request)
      if (!link || !outer || Date.parse(link.endsAt) <= now()) return undefined
      const pseudonyms = links.map(({ subject }) => subject)
      const persons = [...(await findPersons(vault, ring, pseudonyms)).values()].filter(isLiving)
      if (persons.length < links.length) return undefined
      const key = sealingKey(openKey(outer, persons, request, Buffer.from(link.sealedKey, 'base64')))
      return {
        size: link.size,
        persons,
        read: async function* () {
          for (let n = 0; n < link.pieces; n++) {
            const piece = await lake.get(pathOf(request, n))
            if (!piece) throw new Error('a piece of a package is missing in the lake')
            yield open(key, piece.body, placeOf(request, n))
          }
        },
      }
    },
    destroy,
    destroyEnded: async () => {
      const where = { endsAt: { before: new Date(now()).toISOString() } }
      const ended = await documents.find(COLLECTION, { where, limit: PAGE })
      const requests = new Set(ended.map(({ body }) => body.request as string))
      for (const request of requests) await destroy(request)
      return requests.size
    },
  }
}

/** Under the package's own key, then under each person's: whoever lacks one of them cannot open it. */
function sealKey(outer: SealingKey, persons: KnownPerson[], request: string, key: Buffer): Buffer {
  return inOrder(persons).reduce(
    (sealed, { keys }) => seal(keys.package, sealed, keyPlaceOf(request)),
    seal(outer, key, keyPlaceOf(request)),
  )
}

function openKey(outer: SealingKey, persons: KnownPerson[], request: string, sealed: Buffer): Buffer {
  const inner = inOrder(persons).reduceRight((each, { keys }) => open(keys.package, each, keyPlaceOf(request)), sealed)
  return open(outer, inner, keyPlaceOf(request))
}

function inOrder(persons: KnownPerson[]): KnownPerson[] {
  return persons.toSorted((a, b) => (a.pseudonym < b.pseudonym ? -1 : 1))
}

const isLiving = ({ state }: KnownPerson) => state !== 'erasing'
const pathOf = (request: string, n: number) => `exports/${request}/${n}`
const placeOf = (request: string, n: number) => `package\0${request}\0${n}`
const keyPlaceOf = (request: string) => `package-key\0${request}`
