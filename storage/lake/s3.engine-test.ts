import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { describe, type TestContext, test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { inspect } from 'node:util'
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { engineAccess, engineSettings } from '../../test/engines/environment.ts'
import { lakeContractSuite } from './contract-suite.ts'
import { type Lake, LakeUnavailable } from './lake.ts'
import { openS3Lake } from './s3.ts'
import { openBucket, type S3Access } from './s3-client.ts'
import { examineBucket } from './s3-examine.ts'
import { sweepUploads } from './s3-sweep.ts'

const access = engineAccess('lake')
const secret = engineSettings().AWS_SECRET_ACCESS_KEY!
const MIB = 1_048_576

lakeContractSuite('S3', async () => {
  let lake = await openS3Lake(access)
  return {
    lake,
    reopen: async () => {
      await lake.close()
      lake = await openS3Lake(access)
      return lake
    },
    close: () => lake.close(),
  }
})

/** The same server, with parts of the URL replaced. */
const at = (from: string | RegExp, to: string): S3Access => ({ ...access, url: access.url.replace(from, to) })
const elsewhere = () => at('/prefix', `/prefix/${randomUUID()}`)

async function openFor(t: TestContext, given: S3Access = elsewhere()): Promise<Lake> {
  const lake = await openS3Lake(given)
  t.after(() => lake.close())
  return lake
}

async function failureOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(() => assert.fail('it did not fail')).catch(error => error)
  assert.ok(error instanceof LakeUnavailable, inspect(error))
  assert.ok(error.cause instanceof Error)
  assert.ok(!inspect(error, { depth: 10, showHidden: true }).includes(secret))
  return error.message
}

describe('large files', () => {
  const large = randomBytes(2 * 8 * MIB + 12_345)

  test('a file of several parts comes back byte by byte, and is replaced by who knows its etag', async t => {
    const lake = await openFor(t)
    const etag = await lake.putIfAbsent('large', large)
    assert.match(etag!, /-3"$/, 'three parts')
    assert.equal(await lake.putIfAbsent('large', large), undefined)
    const found = await lake.get('large')
    assert.ok(found?.body.equals(large) && found.etag === etag)
    const smaller = large.subarray(0, 9 * MIB)
    const second = await lake.putIfMatch('large', smaller, etag!)
    assert.ok(second)
    assert.equal(await lake.putIfMatch('large', large, etag!), undefined)
    assert.ok((await lake.get('large'))?.body.equals(smaller))
  })

  test('of parallel writers of several parts one wins, and no upload is left half-done', async t => {
    const given = elsewhere()
    const lake = await openFor(t, given)
    const bodies = [1, 2, 3].map(first => Buffer.concat([Buffer.from([first]), large]))
    const etags = await Promise.all(bodies.map(body => lake.putIfAbsent('large', body)))
    const winners = etags.flatMap((etag, i) => (etag === undefined ? [] : [i]))
    assert.equal(winners.length, 1)
    assert.ok((await lake.get('large'))?.body.equals(bodies[winners[0]!]!))
    assert.deepEqual(await uploadsOf(given), [])
  })

  test('an upload that a dead process left is ended, one under way is not', async t => {
    const given = elsewhere()
    const bucket = openBucket(given)
    t.after(() => bucket.close())
    const target = { Bucket: bucket.name, Key: `${bucket.keyPrefix}abandoned` }
    await bucket.request('s3:PutObject', async client => {
      const { UploadId } = await client.send(new CreateMultipartUploadCommand(target))
      await client.send(new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: Buffer.from('x') }))
    })
    await sweepUploads(bucket, Date.now())
    assert.equal((await uploadsOf(given)).length, 1)
    await sweepUploads(bucket, Date.now() + 2 * 3_600_000)
    assert.deepEqual(await uploadsOf(given), [])
  })

  async function uploadsOf(given: S3Access): Promise<unknown[]> {
    const bucket = openBucket(given)
    const list = new ListMultipartUploadsCommand({ Bucket: bucket.name, Prefix: bucket.keyPrefix })
    const { Uploads } = await bucket.request('s3:ListBucketMultipartUploads', client => client.send(list))
    bucket.close()
    return Uploads ?? []
  }
})

describe('answers that are lost', () => {
  /** What happens to one request: its answer is lost, or it is never sent on. */
  type Fault = 'answer lost' | 'request lost'

  /** A proxy without TLS before the real server, which loses what it is told to. */
  async function lossyProxy(t: TestContext): Promise<{ given: S3Access; lose(fault: Fault, which: RegExp): void }> {
    const endpoint = new URL(new URL(access.url).searchParams.get('endpoint')!)
    let pending: { fault: Fault; which: RegExp } | undefined
    const forward = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
      const body = await buffer(incoming)
      const fault = pending?.which.test(`${incoming.method} ${incoming.url}`) ? pending.fault : undefined
      if (fault) pending = undefined
      if (fault === 'request lost') return incoming.socket.destroy()
      const { method, url, headers } = incoming
      const sent = request(new URL(url!, endpoint), { method, headers, ca: access.ca })
      sent.end(body)
      const [answer] = (await once(sent, 'response')) as [IncomingMessage]
      const answered = await buffer(answer)
      if (fault) return incoming.socket.destroy()
      outgoing.writeHead(answer.statusCode!, answer.headers).end(answered)
    }
    const server = createServer((incoming, outgoing) => void forward(incoming, outgoing))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    const { ca: _, ...plain } = elsewhere()
    const url = plain.url.replace(endpoint.origin, `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    return {
      given: { ...plain, url },
      lose: (fault, which) => {
        pending = { fault, which }
      },
    }
  }

  test('a write whose answer was lost is our own, not somebody else’s', async t => {
    const { given, lose } = await lossyProxy(t)
    const lake = await openFor(t, given)
    lose('answer lost', /^PUT/)
    const one = await lake.putIfAbsent('a', Buffer.from('one'))
    assert.deepEqual(await lake.get('a'), { body: Buffer.from('one'), etag: one })
    lose('answer lost', /^PUT/)
    const two = await lake.putIfMatch('a', Buffer.from('two'), one!)
    assert.deepEqual(await lake.get('a'), { body: Buffer.from('two'), etag: two })
  })

  test('so is one of several parts, whose last answer was lost', async t => {
    const { given, lose } = await lossyProxy(t)
    const lake = await openFor(t, given)
    const body = randomBytes(17 * MIB)
    lose('answer lost', /^POST .*uploadId=/)
    const etag = await lake.putIfAbsent('large', body)
    assert.ok(etag)
    assert.equal((await lake.get('large'))?.etag, etag)
    lose('answer lost', /^PUT .*partNumber=2/)
    assert.ok(await lake.putIfMatch('large', Buffer.concat([body, body]), etag))
  })

  test('a write that was lost on its way, and overtaken, is told so even if both wrote the same', async t => {
    const { given, lose } = await lossyProxy(t)
    const [lake, other] = [await openFor(t, given), await openFor(t, given)]
    const body = Buffer.from('the same')
    await other.putIfAbsent('a', body)
    lose('request lost', /^PUT/)
    assert.equal(await lake.putIfAbsent('a', body), undefined)
  })
})

describe('what the operator is told', () => {
  test('an unknown access key, and a wrong secret', async t => {
    const variables = /AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/
    const unknown = await openFor(t, { ...access, username: 'unknown', password: secret })
    assert.match(await failureOf(unknown.ping()), variables)
    const username = engineSettings().AWS_ACCESS_KEY_ID
    const wrong = await openFor(t, { ...access, username, password: 'wrong' })
    assert.match(await failureOf(wrong.putIfAbsent('a', Buffer.from('x'))), variables)
  })

  test('a bucket that does not exist, with the command that makes it', async t => {
    const lake = await openFor(t, at(/^s3:\/\/[^/]+/, `s3://no-${randomUUID()}`))
    const make =
      /lake: S3 bucket no-.* does not exist: make it with aws s3api create-bucket --bucket no-.* --endpoint-url/
    assert.match(await failureOf(lake.get('a')), make)
    assert.match(await failureOf(lake.putIfAbsent('a', Buffer.from('x'))), make)
    assert.match(await failureOf(lake.list('', { limit: 1 })), make)
  })

  test('a right that is missing, and on what to allow it', async t => {
    const lake = await openFor(t, at('/prefix', '/forbidden'))
    for (const [work, action, resource] of [
      [() => lake.putIfAbsent('a', Buffer.from('x')), 's3:PutObject', '/forbidden/\\*'],
      [() => lake.putIfMatch('a', Buffer.from('x'), 'e'), 's3:PutObject', '/forbidden/\\*'],
      [() => lake.get('a'), 's3:GetObject', '/forbidden/\\*'],
      [() => lake.delete('a'), 's3:DeleteObject', '/forbidden/\\*'],
      [() => lake.list('', { limit: 1 }), 's3:ListBucket', ''],
      [() => lake.ping(), 's3:PutObject', '/forbidden/\\*'],
    ] as const)
      assert.match(
        await failureOf(work()),
        new RegExp(`refuses the right ${action}: allow it on arn:aws:s3:::[a-z-]+${resource} in .*s3-policy\\.json`),
      )
  })

  test('an authority that did not sign the server’s certificate, and none at all', async t => {
    const wrong = await openFor(t, { ...access, ca: rootCertificates[0] })
    assert.match(await failureOf(wrong.ping()), /lake: S3 bucket .* at https:.*certificate.*ECLUSE_LAKE_CA/)
    const none = await openFor(t, { ...access, ca: undefined })
    assert.match(await failureOf(none.ping()), /certificate.*ECLUSE_LAKE_CA/)
  })

  test('a bucket that keeps what is erased is refused, a plain one is not', async () => {
    assert.match(await examineBucket(access), /honours conditional writes, keeps no old versions and locks nothing/)
    const named = (suffix: string) => at(/^(s3:\/\/[^/]+)/, `$1-${suffix}`)
    await assert.rejects(examineBucket(named('versioned')), /keeps old versions of erased files: .*create-bucket/)
    await assert.rejects(examineBucket(named('locked')), /keeps old versions|has object lock/)
  })
})
