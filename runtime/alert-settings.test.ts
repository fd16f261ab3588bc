import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeConfig, readConfig } from './config.ts'

const SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`

function problemOf(environment: Record<string, string>): string {
  try {
    readConfig(environment)
  } catch (error) {
    return (error as Error).message
  }
  return ''
}

const hooks = (value: unknown) => ({ ECLUSE_ALERT_WEBHOOKS: JSON.stringify(value) })

test('webhooks have a URL, and a secret by Standard Webhooks or none', () => {
  const given = { pager: { url: 'https://pager.example/in', secret: SECRET }, team: { url: 'https://chat.example/x' } }
  const { alertWebhooks } = readConfig(hooks(given))
  assert.deepEqual(alertWebhooks, {
    pager: { url: 'https://pager.example/in', secrets: [Buffer.alloc(32, 9)] },
    team: { url: 'https://chat.example/x', secrets: [] },
  })
  const two = readConfig(hooks({ pager: { ...given.pager, secret: `${SECRET} ${SECRET}` } })).alertWebhooks!
  assert.equal(two.pager!.secrets.length, 2)
})

test('what is wrong with a webhook is said by its name, and nothing secret is repeated', () => {
  const wrong: [unknown, RegExp][] = [
    ['nothing', /must be an object/],
    [{ Pager: { url: 'https://hidden.example' } }, /the name of webhook 1/],
    [{ pager: { url: 'ftp://hidden.example' } }, /the url of webhook pager/],
    [{ pager: { url: 'https://hidden:hidden@x.example' } }, /the url of webhook pager/],
    [{ pager: { url: 'https://x.example', secrets: 'hidden' } }, /webhook pager must be/],
    [{ pager: { url: 'https://x.example', secret: 'hidden' } }, /the secret of webhook pager/],
    [{ pager: { url: 'https://x.example', secret: `whsec_${Buffer.from('hidden').toString('base64')}` } }, /24 to 64/],
    [{ pager: { url: 'https://x.example', secret: `${SECRET} ${SECRET} ${SECRET}` } }, /at most 2 secrets/],
  ]
  for (const [value, problem] of wrong) {
    assert.match(problemOf(hooks(value)), problem)
    assert.doesNotMatch(problemOf(hooks(value)), /hidden/)
  }
  assert.match(problemOf({ ECLUSE_ALERT_WEBHOOKS: '{hidden' }), /must be JSON/)
})

test('a mail server has a bare URL, and an address to send from', () => {
  for (const url of ['smtp://mail.example:587/x', 'http://mail.example', 'smtp://me:hidden@mail.example', 'smtp://'])
    assert.match(problemOf({ ECLUSE_SMTP_URL: url, ECLUSE_ALERT_FROM: 'a@b.example' }), /ECLUSE_SMTP_URL: /)
  assert.match(problemOf({ ECLUSE_SMTP_URL: 'smtps://mail.example' }), /ECLUSE_ALERT_FROM: must be set too/)
  assert.match(problemOf({ ECLUSE_SMTP_USER: 'me' }), /ECLUSE_SMTP_PASSWORD: must be set together/)
  assert.match(problemOf({ ECLUSE_ALERT_FROM: 'A <a@b.example>' }), /one e-mail address/)
  assert.equal(readConfig({ ECLUSE_PUBLIC_URL: 'https://ecluse.example/' }).publicUrl, 'https://ecluse.example')
})

test('production refuses webhooks in the clear beyond loopback', () => {
  const environment = { ECLUSE_MODE: 'production', ECLUSE_KEK: Buffer.alloc(32, 7).toString('base64') }
  assert.match(
    problemOf({ ...environment, ...hooks({ far: { url: 'http://chat.example/secret' } }) }),
    /ECLUSE_ALERT_WEBHOOKS: far: plain HTTP beyond loopback is refused in production$/,
  )
  assert.equal(problemOf({ ...environment, ...hooks({ near: { url: 'http://[::1]:9000/x' } }) }), '')
})

test('webhooks and the password of the mail server are masked where the settings are shown', () => {
  const config = readConfig({
    ...hooks({ team: { url: 'https://chat.example/hidden' } }),
    ...{ ECLUSE_SMTP_USER: 'me', ECLUSE_SMTP_PASSWORD: 'hidden' },
  })
  assert.doesNotMatch(JSON.stringify(describeConfig(config)), /hidden/)
})
