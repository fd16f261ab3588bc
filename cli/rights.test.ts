import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readRequests } from './read-requests.ts'
import { UsageError } from './verb.ts'

/** A gateway that takes one request, is gone when the next one comes, and is there again. */
async function gatewayThatDies(t: TestContext): Promise<string> {
  let posts = 0
  const server = createServer((request, response) => {
    if (request.method === 'POST' && ++posts > 1) return request.socket.destroy()
    const state = request.method === 'POST' ? 'queued' : 'done'
    response.writeHead(request.method === 'POST' ? 202 : 200, { 'content-type': 'application/json' })
    return response.end(JSON.stringify({ id: 'r1', state, because: null, outcome: { persons: 1 }, stages: [] }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function restrict(url: string, input: string, ...args: string[]) {
  return new Promise<{ status: number; stdout: string; stderr: string }>(resolve => {
    const child = execFile(
      process.execPath,
      [join(import.meta.dirname, 'main.ts'), 'restrict', '--reason', 'asked', ...args],
      { env: { ECLUSE_URL: url, ECLUSE_API_KEY: 'eck_0' } },
      (error, stdout, stderr) => resolve({ status: error ? Number(error.code) : 0, stdout, stderr }),
    )
    child.stdin!.end(input)
  })
}

test('a gateway that goes away in the midst of several: what was filed is told and watched, what may have been is said', async t => {
  const [plain, json] = await Promise.all(
    [[], ['--json']].map(async args =>
      restrict(await gatewayThatDies(t), 'customer 1\n\ncustomer 2\ncustomer 3\n', ...args),
    ),
  )
  assert.deepEqual([plain!.status, plain!.stdout], [1, 'r1  done: persons 1\n'])
  assert.match(
    plain!.stderr,
    /^ecluse restrict: line 3: http:\S+ cannot be reached: .* GET \/v1\/restriction-requests lists what was filed, perhaps this one too\. Before it 1 was filed, as told above\. Not filed: line 4\.$/m,
  )
  const [done, stop] = json!.stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual([json!.status, done.id, done.state], [1, 'r1', 'done'])
  assert.deepEqual([stop.line, stop.state, stop.notFiled], [3, 'unanswered', [4]])
  assert.match(stop.because, /cannot be reached/)
})

test('each line is held against the shape of a request before the first is filed', () => {
  const said = { reason: 'asked', requester: 'the person' }
  const lines = ['customer C 1', '', '{"alias":{"type":"email","id":"a@example.org"},"requester":"by phone"}']
  assert.deepEqual(readRequests(lines.join('\n'), 'erasure', said), [
    { line: 1, body: { ...said, subject: { type: 'customer', id: 'C 1' } } },
    { line: 3, body: { ...said, requester: 'by phone', alias: { type: 'email', id: 'a@example.org' } } },
  ])
  const secret = 'Camille'
  for (const [kind, line, told] of [
    ['erasure', '{"subject":{"type":"customer"}}', "line 2: body/subject must have required property 'id'."],
    [
      'erasure',
      `{"subject":{"type":"customer","id":"1"},"${secret}":1}`,
      'line 2: The body has a member that is not declared. It may have ',
    ],
    ['erasure', '{}', 'line 2: Exactly one of subject, subjects and alias'],
    ['erasure', `["${secret}"]`, 'line 2 is neither'],
    ['erasure', secret, 'line 2 is neither'],
    [
      'export',
      '{"subject":{"type":"customer","id":"1"},"language":"de"}',
      'line 2: body/language has a value it may not have. It may be `en`, `fr`.',
    ],
    ['rectification', 'customer 1', 'line 2: body must have required property'],
  ] as const)
    assert.throws(
      () => readRequests(`${kind === 'rectification' ? '' : 'customer 1'}\n${line}`, kind, said),
      (error: Error) =>
        error instanceof UsageError && error.message.startsWith(told) && !error.message.includes(secret),
      told,
    )
})
