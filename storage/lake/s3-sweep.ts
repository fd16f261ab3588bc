// Ends the uploads in parts that a dead process left half-done: nobody sees them, and yet they hold what was sent.

import { AbortMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import type { Bucket } from './s3-client.ts'
import { refusalOf } from './s3-explain.ts'

/** An upload this old belongs to a process that died. */
const ABANDONED_MS = 3_600_000
/** Of 1,000 uploads each; what is beyond is found next time. */
const MAX_PAGES = 10

/** @throws LakeUnavailable when the server cannot be reached or a right is missing */
export async function sweepUploads(bucket: Bucket, now: number): Promise<void> {
  const place = { Bucket: bucket.name, Prefix: bucket.keyPrefix }
  let after: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {}
  for (let page = 0; page < MAX_PAGES; page++) {
    const list = new ListMultipartUploadsCommand({ ...place, ...after })
    const listed = await bucket.request('s3:ListBucketMultipartUploads', (client, options) =>
      client.send(list, options),
    )
    for (const { Key, UploadId, Initiated } of listed.Uploads ?? [])
      if (Initiated && Initiated.getTime() < now - ABANDONED_MS) await abort(bucket, { Key, UploadId })
    if (!listed.IsTruncated) return
    after = { KeyMarker: listed.NextKeyMarker, UploadIdMarker: listed.NextUploadIdMarker }
  }
}

async function abort(bucket: Bucket, upload: { Key: string | undefined; UploadId: string | undefined }): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: bucket.name, ...upload })
  try {
    await bucket.request('s3:AbortMultipartUpload', (client, options) => client.send(command, options))
  } catch (error) {
    if (refusalOf(error) !== 'NoSuchUpload') throw error
  }
}
