import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { test } from 'node:test'
import { startMailSink } from '../../test/alert-sinks.ts'
import { openMailer } from './send-mail.ts'
import type { Message } from './write-notice.ts'

const message: Message = {
  subject: 'It\r\nBcc: everybody@example.org',
  text: 'text',
  link: undefined,
  body: { type: '', timestamp: '', data: {} },
}
const settings = {
  user: undefined,
  password: undefined,
  from: 'ecluse@example.org',
  mustEncrypt: true,
  timeoutMs: 2_000,
}

const soon = () => AbortSignal.timeout(5_000)

test('a message goes to one address, whatever its texts hold', async t => {
  const sink = await startMailSink(t)
  const mailer = openMailer({ ...settings, url: sink.url })
  assert.equal(await mailer.verify(), undefined)
  assert.equal(await mailer.send('ops@example.org', 'an-id', message, soon()), undefined)
  assert.deepEqual(sink.mails[0]!.to, ['ops@example.org'])
  assert.equal(sink.mails[0]!.headers.has('bcc'), false)
})

test('beyond loopback nothing is sent in the clear where TLS is asked for, and a password never is', async t => {
  const sink = await startMailSink(t)
  // The same machine by an address that is not recognised as loopback.
  const url = sink.url.replace('127.0.0.1', '[::ffff:127.0.0.1]')
  for (const given of [{}, { mustEncrypt: false, user: 'me', password: 'my-secret' }]) {
    const failure = await openMailer({ ...settings, ...given, url }).send('ops@example.org', 'an-id', message, soon())
    assert.match(failure!.reason, /^it cannot be used: |^it answers /)
    assert.equal(failure!.permanent, false)
  }
  assert.equal(sink.mails.length, 0)
})

test('a server that says nothing is waited for no longer than a try may take', async t => {
  const silent = createServer(() => {})
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  t.after(() => silent.close())
  const { port } = silent.address() as { port: number }
  const mailer = openMailer({ ...settings, url: `smtp://127.0.0.1:${port}`, timeoutMs: 60_000 })
  const startMs = performance.now()
  assert.equal((await mailer.send('ops@example.org', 'an-id', message, AbortSignal.timeout(200)))!.permanent, false)
  assert.ok(performance.now() - startMs < 30_000)
})
