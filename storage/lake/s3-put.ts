// Conditional writes: in one request, or in parts whose last request carries the condition. Each write has an id of its
// own, kept beside the file: so a write whose answer was lost is recognised, and never taken for somebody else's.

import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import type { Bucket } from './s3-client.ts'
import { refusalOf } from './s3-explain.ts'

/** S3 wants 5 MiB at least, and 10,000 parts at most. */
const PART_BYTES = 8 * 1_048_576
const PARALLEL_PARTS = 4
/** The name under which a write's id is kept with the file. */
const WRITE_ID = 'ecluse-write'
const CONFLICT_ATTEMPTS = 6
const CONFLICT_PAUSE_MS = 50

export type Condition = { IfNoneMatch: '*' } | { IfMatch: string }

interface Write {
  bucket: Bucket
  /** What every request of this write names. */
  target: { Bucket: string; Key: string }
  body: Buffer
  condition: Condition
  Metadata: Record<string, string>
}

/**
 * Writes a whole file if the condition holds: its etag, or undefined, and nothing is written.
 * @throws LakeUnavailable when the outcome is unknown, too: the file may be there
 */
export async function putIf(
  bucket: Bucket,
  key: string,
  body: Buffer,
  condition: Condition,
): Promise<string | undefined> {
  const Metadata = { [WRITE_ID]: randomUUID() }
  const write: Write = { bucket, target: { Bucket: bucket.name, Key: key }, body, condition, Metadata }
  for (let attempt = 1; ; attempt++) {
    try {
      return body.length > PART_BYTES ? await putInParts(write) : await putWhole(write)
    } catch (error) {
      const refusal = refusalOf(error)
      if (refusal === 'ConditionalRequestConflict' && attempt < CONFLICT_ATTEMPTS) {
        await pause(CONFLICT_PAUSE_MS * attempt)
        continue
      }
      const isRefused = refusal === 'PreconditionFailed' || (refusal === 'NoSuchKey' && 'IfMatch' in condition)
      // An upload that is no longer there may have been completed by our own request, whose answer was lost.
      if (!isRefused && refusal !== 'NoSuchUpload') throw error
      const etag = await etagOfOwn(write)
      if (etag === undefined && !isRefused) throw error
      return etag
    }
  }
}

async function putWhole({ bucket, target, body, condition, Metadata }: Write): Promise<string> {
  const put = new PutObjectCommand({ ...target, ...condition, Metadata, Body: body })
  const { ETag } = await bucket.request('s3:PutObject', (client, options) => client.send(put, options))
  return ETag!
}

/** What a process that dies leaves of it is swept by another one: see s3-sweep.ts. */
async function putInParts(write: Write): Promise<string> {
  const { bucket, target, condition, Metadata } = write
  const create = new CreateMultipartUploadCommand({ ...target, Metadata, ChecksumAlgorithm: 'CRC32' })
  const { UploadId } = await bucket.request('s3:PutObject', (client, options) => client.send(create, options))
  const upload = { ...target, UploadId }
  try {
    const MultipartUpload = { Parts: await sendParts(write, UploadId!) }
    const complete = new CompleteMultipartUploadCommand({ ...upload, ...condition, MultipartUpload })
    const { ETag } = await bucket.request('s3:PutObject', (client, options) => client.send(complete, options))
    return ETag!
  } catch (error) {
    const abort = new AbortMultipartUploadCommand(upload)
    // The sweep does it later where this cannot; the first failure is the one to tell.
    await bucket.request('s3:AbortMultipartUpload', (client, options) => client.send(abort, options)).catch(() => {})
    throw error
  }
}

/** Resolves or rejects when no part is under way any more: one that came after the abort would stay. */
async function sendParts({ bucket, target, body }: Write, UploadId: string): Promise<CompletedPart[]> {
  const numbers = Array.from({ length: Math.ceil(body.length / PART_BYTES) }, (_, i) => i + 1).values()
  const parts: CompletedPart[] = []
  let isFailed = false
  const sendSome = async () => {
    for (const PartNumber of numbers) {
      if (isFailed) return
      const Body = body.subarray((PartNumber - 1) * PART_BYTES, PartNumber * PART_BYTES)
      const send = new UploadPartCommand({ ...target, UploadId, PartNumber, Body, ChecksumAlgorithm: 'CRC32' })
      const { ETag, ChecksumCRC32 } = await bucket.request('s3:PutObject', (client, options) =>
        client.send(send, options),
      )
      parts[PartNumber - 1] = { PartNumber, ETag, ChecksumCRC32 }
    }
  }
  const senders = Array.from({ length: PARALLEL_PARTS }, () =>
    sendSome().catch(error => {
      isFailed = true
      throw error
    }),
  )
  const failure = (await Promise.allSettled(senders)).find(({ status }) => status === 'rejected')
  if (failure?.status === 'rejected') throw failure.reason
  return parts
}

/** The etag of the file there, if it is this very write's. */
async function etagOfOwn({ bucket, target, Metadata }: Write): Promise<string | undefined> {
  try {
    const head = new HeadObjectCommand(target)
    const found = await bucket.request('s3:GetObject', (client, options) => client.send(head, options))
    return found.Metadata?.[WRITE_ID] === Metadata[WRITE_ID] ? found.ETag : undefined
  } catch (error) {
    if (refusalOf(error) === 'NoSuchKey') return undefined
    throw error
  }
}
