import assert from 'node:assert/strict'
import { test } from 'node:test'
import { webhookHeaders } from './sign-webhook.ts'

/** From the tests of Standard Webhooks' own libraries. */
const vector = {
  secret: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  post: { id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', timestamp: 1_614_265_330, body: '{"test": 2432232314}' },
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}

test('a signature is the one of Standard Webhooks’ published example', () => {
  assert.deepEqual(webhookHeaders(vector.post, [Buffer.from(vector.secret, 'base64')]), {
    'webhook-id': vector.post.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': vector.signature,
  })
})

test('while a receiver changes over, there is a signature by each secret', () => {
  const secrets = [Buffer.alloc(24, 1), Buffer.from(vector.secret, 'base64')]
  const [first, second, ...others] = webhookHeaders(vector.post, secrets)['webhook-signature']!.split(' ')
  assert.deepEqual([first === second, second, others], [false, vector.signature, []])
})
