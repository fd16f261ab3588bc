import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { type Lake, LakeUnavailable } from './lake.ts'
import { openS3Lake } from './s3.ts'
import { openBucket, type S3Access } from './s3-client.ts'
import { examineBucket } from './s3-examine.ts'
import { limitRequests, TooManyRequests } from './s3-limit.ts'

const KEY = { username: 'key', password: 'not-to-be-shown' }

type Answer = [status: number, body?: string, headers?: Record<string, string>] | 'cut' | 'silence'

/** A server that answers as it is told: what no real one does on demand. */
async function fakeS3(
  t: TestContext,
  answer: (request: string, headers: IncomingMessage['headers']) => Answer,
): Promise<{ access: S3Access; lake: Lake; requests: string[] }> {
  const requests: string[] = []
  const respond = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    await buffer(incoming)
    requests.push(`${incoming.method} ${incoming.url}`)
    const answered = answer(requests.at(-1)!, incoming.headers)
    if (answered === 'silence') return
    if (answered === 'cut') {
      outgoing.writeHead(200, { 'content-length': 10, etag: '"cut"' }).write('half')
      return outgoing.destroy()
    }
    const [status, body = '', headers = {}] = answered
    outgoing.writeHead(status, headers).end(body)
  }
  const server = createServer((incoming, outgoing) => void respond(incoming, outgoing))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const access = { url: `s3://bucket/lake?endpoint=http://127.0.0.1:${port}`, ...KEY, timeoutMs: 3_000 }
  const lake = await openS3Lake(access)
  t.after(async () => {
    await lake.close()
    server.close()
    server.closeAllConnections()
  })
  return { access, lake, requests }
}

const failure = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`
const page = (keys: string[], isTruncated: boolean) =>
  `<?xml version="1.0"?><ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${keys
    .map(key => `<Contents><Key>${key}</Key></Contents>`)
    .join('')}</ListBucketResult>`

test('opening touches no network, and an URL that says something else is refused', async () => {
  const lake = await openS3Lake({ url: 's3://bucket?endpoint=https://unreachable.invalid', ...KEY })
  await lake.close()
  for (const [url, reason] of [
    ['s3://a/b', /bucket’s name/],
    ['s3://Bucket/b', /bucket’s name/],
    ['s3://bucket:9000/b', /bucket’s name/],
    ['s3://bucket,other/b', /bucket’s name/],
    ['s3://bucket/../b', /a prefix has/],
    ['s3://bucket//b', /a prefix has/],
    [`s3://bucket/${'a'.repeat(101)}`, /a prefix has/],
    ['s3://bucket?pathStyle=yes', /pathStyle/],
    ['s3://bucket?endpoint=ftp://host', /endpoint must be/],
    ['s3://bucket?endpoint=https://key:secret@host', /endpoint must be/],
    ['s3://bucket?versions=no', /no option versions/],
  ] as const)
    await assert.rejects(openS3Lake({ url }), reason)
  await assert.rejects(openS3Lake({ url: 's3://bucket?endpoint=http://host', ca: 'PEM' }), /without TLS/)
  await assert.rejects(openS3Lake({ url: 's3://bucket', username: 'key' }), /access key and its secret/)
})

test('a prefix ends in one slash, and none is the whole bucket', () => {
  const prefixOf = (url: string) => openBucket({ url, ...KEY }).keyPrefix
  assert.deepEqual(['s3://bkt', 's3://bkt/', 's3://bkt/a/b', 's3://bkt/a/'].map(prefixOf), ['', '', 'a/b/', 'a/'])
})

test('an endpoint where nothing listens is named, with what to look at', async () => {
  const lake = await openS3Lake({ url: 's3://bucket?endpoint=https://127.0.0.1:1', ...KEY, timeoutMs: 3_000 })
  await assert.rejects(lake.ping(), error => {
    assert.ok(error instanceof LakeUnavailable && error.cause instanceof Error)
    assert.equal(
      error.message,
      'lake: S3 bucket bucket at https://127.0.0.1:1: nothing listens there: start the server, or mend ECLUSE_LAKE',
    )
    return true
  })
})

test('a server that never answers is given up', async t => {
  const { access, requests } = await fakeS3(t, () => 'silence')
  const lake = await openS3Lake({ ...access, timeoutMs: 300 })
  await assert.rejects(lake.get('a'), /no answer in time|does not answer in time/)
  assert.ok(requests.length <= 3)
})

test('a write that meets another one’s is tried again, and given up in the end', async t => {
  let conflicts = 2
  const { lake, requests } = await fakeS3(t, () =>
    conflicts-- > 0 ? [409, failure('ConditionalRequestConflict')] : [200, '', { etag: '"e"' }],
  )
  assert.equal(await lake.putIfAbsent('a', Buffer.from('x')), '"e"')
  assert.equal(requests.length, 3)
  conflicts = Infinity
  await assert.rejects(lake.putIfAbsent('a', Buffer.from('x')), /several writers of one file/)
  assert.equal(requests.length, 9)
})

test('an upload in parts that is gone was completed by our own lost request, if the file says so', async t => {
  const upload = '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>'
  let written = 'somebody else’s'
  let isOwn = true
  const { lake } = await fakeS3(t, (request, headers) => {
    if (request.includes('?uploads')) {
      if (isOwn) written = String(headers['x-amz-meta-ecluse-write'])
      return [200, upload]
    }
    if (request.startsWith('POST')) return [404, failure('NoSuchUpload')]
    return [200, '', { etag: '"e-2"', 'x-amz-meta-ecluse-write': written }]
  })
  const body = Buffer.alloc(9 * 1_048_576)
  assert.equal(await lake.putIfAbsent('a', body), '"e-2"')
  isOwn = false
  await assert.rejects(lake.putIfAbsent('a', body), LakeUnavailable)
})

test('a body that breaks off is asked for again, a few times', async t => {
  let cuts = 1
  const { lake, requests } = await fakeS3(t, () => (cuts-- > 0 ? 'cut' : [200, 'whole', { etag: '"e"' }]))
  assert.deepEqual(await lake.get('a'), { body: Buffer.from('whole'), etag: '"e"' })
  cuts = Infinity
  await assert.rejects(lake.get('a'), LakeUnavailable)
  assert.equal(requests.length, 5)
})

test('a body that is not what its checksum says is not taken', async t => {
  const headers = { etag: '"e"', 'x-amz-checksum-crc32': 'AAAAAA==' }
  const { lake } = await fakeS3(t, () => [200, 'changed on its way', headers])
  await assert.rejects(lake.get('a'), LakeUnavailable)
})

test('what others keep in the bucket is passed over, without a gap', async t => {
  const { lake, requests } = await fakeS3(t, request =>
    request.includes('start-after=lake%2Fa%20b')
      ? [200, page(['lake/c', 'lake/~probe'], false)]
      : [200, page(['lake/a', 'lake/a b'], true)],
  )
  assert.deepEqual(await lake.list('', { limit: 2 }), ['a', 'c'])
  assert.equal(requests.length, 2)
})

test('of too many requests the last are refused, the others done in order', async () => {
  const limited = limitRequests(1, 2)
  const done: number[] = []
  const started = Promise.withResolvers<void>()
  const work = (n: number) =>
    limited(async () => {
      await started.promise
      done.push(n)
      if (n === 1) throw new Error('one failed')
    })
  const first = [1, 2, 3].map(work)
  await assert.rejects(work(4), TooManyRequests)
  started.resolve()
  await assert.rejects(first[0]!, /one failed/)
  await Promise.all(first.slice(1))
  await work(5)
  assert.deepEqual(done, [1, 2, 3, 5])
})

test('a bucket whose server ignores conditions is refused, and what may not be asked is told', async t => {
  let isObeyed = false
  let puts = 0
  const { access, requests } = await fakeS3(t, request => {
    if (request.includes('?versioning')) return [403, failure('AccessDenied')]
    if (request.includes('?object-lock')) return [404, failure('ObjectLockConfigurationNotFoundError')]
    if (!request.startsWith('PUT')) return [204]
    puts += 1
    return isObeyed && puts % 2 === 0 ? [412, failure('PreconditionFailed')] : [200, '', { etag: '"e"' }]
  })
  await assert.rejects(examineBucket(access), /overwrites in spite of If-None-Match/)
  assert.match(requests.at(-1)!, /^DELETE/)
  isObeyed = true
  assert.match(
    await examineBucket(access),
    /honours conditional writes; whether it keeps old versions is unknown: .* the right s3:GetBucketVersioning/,
  )
})

test('a bucket with object lock, or whose versioning is only suspended, is refused', async t => {
  let isLocked = true
  const { access } = await fakeS3(t, request => {
    if (request.includes('?object-lock'))
      return [200, '<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>']
    const status = isLocked ? '' : '<Status>Suspended</Status>'
    return [200, `<VersioningConfiguration>${status}</VersioningConfiguration>`]
  })
  await assert.rejects(examineBucket(access), /has object lock/)
  isLocked = false
  await assert.rejects(examineBucket(access), /keeps old versions/)
})
