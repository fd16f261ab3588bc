// What `ecluse doctor` asks of a bucket: whether what is erased is gone, and whether of two writers one wins.

import { randomUUID } from 'node:crypto'
import {
  DeleteObjectCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { type Bucket, openBucket, type S3Access } from './s3-client.ts'
import { refusalOf } from './s3-explain.ts'

/**
 * A sentence about the bucket, which says what could not be asked and which right that needs.
 * @throws Error that refuses a bucket that is or was versioned, has object lock, or ignores conditions of writes;
 *   LakeUnavailable when it cannot be reached or written
 */
export async function examineBucket(access: S3Access): Promise<string> {
  const bucket = openBucket(access)
  try {
    const unasked = [await refuseVersioned(bucket), await refuseLocked(bucket)].filter(text => text !== undefined)
    await refuseUnconditional(bucket)
    const fine = `${bucket.where} honours conditional writes`
    return unasked.length > 0 ? `${fine}; ${unasked.join('; ')}` : `${fine}, keeps no old versions and locks nothing`
  } finally {
    bucket.close()
  }
}

/** A bucket that was versioned once never is as it was: what was written then may still be there. */
async function refuseVersioned(bucket: Bucket): Promise<string | undefined> {
  const command = new GetBucketVersioningCommand({ Bucket: bucket.name })
  const asked = await ask(bucket, 's3:GetBucketVersioning', (client, options) => client.send(command, options))
  if (typeof asked === 'string') return `whether it keeps old versions is unknown: ${asked}`
  if (asked?.Status) throw new Error(`${bucket.where} keeps old versions of erased files: ${otherBucket(bucket)}`)
}

async function refuseLocked(bucket: Bucket): Promise<string | undefined> {
  const command = new GetObjectLockConfigurationCommand({ Bucket: bucket.name })
  const action = 's3:GetBucketObjectLockConfiguration'
  const asked = await ask(bucket, action, (client, options) => client.send(command, options))
  if (typeof asked === 'string') return `whether it locks files is unknown: ${asked}`
  if (asked?.ObjectLockConfiguration?.ObjectLockEnabled)
    throw new Error(`${bucket.where} has object lock, so that erased files may stay: ${otherBucket(bucket)}`)
}

const otherBucket = ({ name, commandOptions }: Bucket) =>
  `name another bucket in ECLUSE_LAKE; make one with aws s3api create-bucket --bucket ${name}-plain${commandOptions}`

/** The answer, undefined where the server knows no such thing, or why it may not be asked. */
async function ask<T>(bucket: Bucket, action: string, work: Parameters<typeof bucket.request<T>>[1]) {
  try {
    return await bucket.request(action, work)
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal === 'AccessDenied') return (error as Error).message
    const unknown = ['ObjectLockConfigurationNotFoundError', 'NotImplemented', 'MethodNotAllowed']
    if (unknown.includes(refusal!)) return undefined
    throw error
  }
}

/** Some servers take `If-None-Match` without a word, and overwrite. */
async function refuseUnconditional(bucket: Bucket): Promise<void> {
  const target = { Bucket: bucket.name, Key: `${bucket.keyPrefix}~probe-${randomUUID()}` }
  const put = () =>
    bucket.request('s3:PutObject', (client, options) =>
      client.send(new PutObjectCommand({ ...target, Body: Buffer.from('probe'), IfNoneMatch: '*' }), options),
    )
  await put()
  try {
    await put()
  } catch (error) {
    if (refusalOf(error) === 'PreconditionFailed') return
    throw error
  } finally {
    const remove = new DeleteObjectCommand(target)
    await bucket.request('s3:DeleteObject', (client, options) => client.send(remove, options))
  }
  throw new Error(`${bucket.where} overwrites in spite of If-None-Match: use a server that honours conditional writes`)
}
