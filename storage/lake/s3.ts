// The lake's real side: a bucket of any S3 server that honours conditional writes. Every promise about several writers
// rests on those conditions; nothing is locked, and nothing is remembered here between two calls.

import {
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import type { Lake, LakeFile } from './lake.ts'
import { checkedLimit, checkedPath, checkedRange, isPath } from './path.ts'
import { type Bucket, openBucket, type S3Access } from './s3-client.ts'
import { refusalOf } from './s3-explain.ts'
import { putIf } from './s3-put.ts'
import { sweepUploads } from './s3-sweep.ts'

/** `~` stands in no path of the lake. */
const PROBE = '~probe'
/** A body that breaks off on its way is asked for again. */
const READ_ATTEMPTS = 3

/**
 * Opens the lake that an URL `s3://bucket/prefix?endpoint=…&region=…&pathStyle=true` names, without touching the
 * network. The first ping also ends uploads that a dead process left.
 * @param access.timeoutMs how long one request may take with its retries
 * @throws Error that says what is wrong with the URL or the settings beside it
 */
export async function openS3Lake(access: S3Access): Promise<Lake> {
  const bucket = openBucket(access)
  const keyOf = (path: string) => bucket.keyPrefix + checkedPath(path)
  let isSwept = false

  return {
    putIfAbsent: async (path, body) => putIf(bucket, keyOf(path), body, { IfNoneMatch: '*' }),
    putIfMatch: async (path, body, etag) => putIf(bucket, keyOf(path), body, { IfMatch: etag }),
    get: async path => get(bucket, keyOf(path)),
    read: async (path, range) => {
      const { start, end } = checkedRange(range)
      return (await get(bucket, keyOf(path), `bytes=${start}-${end - 1}`))?.body
    },
    list: (prefix, options) => list(bucket, prefix, options),
    delete: async path => remove(bucket, keyOf(path)),
    ping: async () => {
      await probe(bucket)
      if (!isSwept) await sweepUploads(bucket, Date.now())
      isSwept = true
    },
    close: async () => bucket.close(),
  }
}

/** @param range of bytes, as RFC 9110 writes it */
async function get(bucket: Bucket, key: string, range?: string): Promise<LakeFile | undefined> {
  const command = new GetObjectCommand({ Bucket: bucket.name, Key: key, ...(range && { Range: range }) })
  for (let attempt = 1; ; attempt++) {
    let found: GetObjectCommandOutput | undefined
    try {
      return await bucket.request('s3:GetObject', async (client, options) => {
        found = await client.send(command, options)
        return { body: Buffer.from(await found.Body!.transformToByteArray()), etag: found.ETag! }
      })
    } catch (error) {
      if (refusalOf(error) === 'NoSuchKey') return undefined
      // The SDK itself asks again until an answer begins, and no longer.
      if (!found || attempt === READ_ATTEMPTS) throw error
    }
  }
}

/** Names that no path of the lake has are passed over, as in a folder. */
async function list(bucket: Bucket, prefix: string, options: { after?: string; limit: number }): Promise<string[]> {
  const limit = checkedLimit(options.limit)
  const { name, keyPrefix, request } = bucket
  const paths: string[] = []
  let after = options.after
  for (;;) {
    const command = new ListObjectsV2Command({
      Bucket: name,
      Prefix: keyPrefix + prefix,
      MaxKeys: limit,
      ...(after && { StartAfter: keyPrefix + after }),
    })
    const listed = await request('s3:ListBucket', (client, bounds) => client.send(command, bounds))
    const found = (listed.Contents ?? []).map(({ Key }) => Key!.slice(keyPrefix.length))
    paths.push(...found.filter(isPath))
    after = found.at(-1)
    if (paths.length >= limit || !listed.IsTruncated || after === undefined) return paths.slice(0, limit)
  }
}

async function remove(bucket: Bucket, key: string): Promise<void> {
  const command = new DeleteObjectCommand({ Bucket: bucket.name, Key: key })
  try {
    await bucket.request('s3:DeleteObject', (client, options) => client.send(command, options))
  } catch (error) {
    if (refusalOf(error) !== 'NoSuchKey') throw error
  }
}

/** All rights that the lake's daily work needs are used once. Others may probe, and delete the probe, at once. */
async function probe(bucket: Bucket): Promise<void> {
  const key = bucket.keyPrefix + PROBE
  const put = new PutObjectCommand({ Bucket: bucket.name, Key: key, Body: Buffer.from('probe') })
  await bucket.request('s3:PutObject', (client, options) => client.send(put, options))
  await get(bucket, key)
  await remove(bucket, key)
  await list(bucket, '', { limit: 1 })
}
