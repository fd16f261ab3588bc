// Alerts of a real Écluse: real anomalies, a real mail server and webhook, and a process that is killed on the way.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type HttpSink, startHttpSink, startMailSink } from './alert-sinks.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { type EcluseProcess, makeDir, spawnEcluse } from './spawn-ecluse.ts'

const ROOT = join(import.meta.dirname, '..')
const SECRET = `whsec_${Buffer.alloc(32, 3).toString('base64')}`

const rules = `
routes:
  - name: ops
    when: { kinds: [conflict] }
    to: [{ email: steward }, { webhook: pager }, { slack: team }]
    group: { wait: 1s, interval: 2s }
    language: fr
`

const settings = (mailUrl: string, hookUrl: string) => ({
  ECLUSE_SMTP_URL: mailUrl,
  ECLUSE_ALERT_FROM: 'ecluse@example.org',
  ECLUSE_ALERT_WEBHOOKS: JSON.stringify({
    pager: { url: `${hookUrl}/pager`, secret: SECRET },
    team: { url: `${hookUrl}/team` },
  }),
  ECLUSE_ALERT_INTERVAL_MS: '50',
  ECLUSE_ALERT_TIMEOUT_MS: '500',
})

/** The same id with two contents: a real conflict. */
async function conflict(ecluse: EcluseProcess): Promise<void> {
  const event = transaction()
  const { answer } = await ecluse.post('transactions', [event, { ...event, montant: 99_999.5 }])
  assert.equal(answer.accepted, 2)
}

const posted = ({ posts }: HttpSink, path: string) => posts.filter(post => post.path === path)
const pagerIds = (sink: HttpSink) => posted(sink, '/pager').map(({ headers }) => headers['webhook-id'])

test('alerts arrive at a real SMTP sink and webhook, once each, and survive kill -9 in between', async t => {
  const dir = makeDir()
  writeFileSync(join(dir, 'policies/alerts.yaml'), rules)
  const [mail, http] = [await startMailSink(t), await startHttpSink(t)]
  const told = async (count: number) => {
    await eventually(`mail and chat are told ${count} times`, () => {
      return mail.mails.length >= count && posted(http, '/team').length >= count
    })
  }
  // The webhook has the first, and does not answer: the one repetition there may be, under the same id.
  http.answer('/pager', 'hang')
  let ecluse = await spawnEcluse({ dir, environment: settings(mail.url, http.url) })
  t.after(() => ecluse.end('SIGKILL'))
  await conflict(ecluse)
  await told(1)
  await eventually('the webhook has it', () => posted(http, '/pager').length > 0)
  // The second is stored, and not told yet.
  await conflict(ecluse)
  await ecluse.settled()
  await ecluse.end('SIGKILL')
  assert.ok(!ecluse.output().includes('data-office@example.org'))
  http.answer('/pager', 204)
  ecluse = await ecluse.restart()
  await told(2)
  // A third comes after whatever else there might have been.
  await conflict(ecluse)
  await told(3)
  await eventually('the webhook has all', () => new Set(pagerIds(http)).size === 3)

  assert.deepEqual(
    mail.mails.map(({ subject }) => subject),
    [
      '[Écluse] moyenne · 1 anomalie dans transactions : copie divergente',
      ...Array(2).fill('[Écluse] moyenne · 1 nouvelle anomalie dans transactions : copie divergente'),
    ],
  )
  assert.ok(mail.mails.every(({ to }) => to.join() === 'data-office@example.org'))
  assert.equal(new Set(mail.mails.map(({ headers }) => headers.get('message-id'))).size, 3)
  assert.equal(posted(http, '/team').length, 3)
  const [first, ...later] = pagerIds(http)
  const answered = later.filter(id => id !== first)
  assert.equal(answered.length, new Set(answered).size)

  const texts = [...mail.mails.flatMap(({ raw, text }) => [raw, text]), ...http.posts.map(({ body }) => body)].join(
    '\n',
  )
  const { utilisateur } = transaction() as unknown as { utilisateur: Record<string, string> }
  for (const value of ['99999', ...Object.values(utilisateur)]) assert.ok(!texts.includes(value), value)
  const wanted = [
    /^ecluse_alert_messages_total\{.*route="ops",channel="email",outcome="sent".*\} \d/m,
    /^ecluse_alert_groups\{.*route="ops".*\} 1/m,
    /^ecluse_open_anomalies\{.*dataset="transactions",severity="medium".*\} 3/m,
  ]
  await eventually('the numbers are told', async () => {
    const metrics = await (await fetch(`${ecluse.url}/metrics`)).text()
    return wanted.every(line => line.test(metrics))
  })
})

test('`ecluse alerts test` tries each channel of a route, and says what became of it', async t => {
  const dir = makeDir()
  writeFileSync(join(dir, 'policies/alerts.yaml'), rules)
  const [mail, http] = [await startMailSink(t), await startHttpSink(t)]
  http.answer('/team', 404)
  // Not synchronously: the sinks answer in this process.
  const run = (...args: string[]) =>
    new Promise<{ code: number; out: string }>(resolve => {
      const options = { cwd: dir, env: settings(mail.url, http.url) }
      execFile(process.execPath, [join(ROOT, 'cli/main.ts'), ...args], options, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), out: stdout + stderr }),
      )
    })
  const [tried, unknown, doctor] = await Promise.all([
    run('alerts', 'test', 'ops'),
    run('alerts', 'test', 'opps'),
    run('doctor'),
  ])
  const lines = [
    ['ok  ', 'email steward', 'taken'],
    ['ok  ', 'webhook pager', 'taken'],
    ['FAIL', 'slack team', 'it answers 404'],
  ].map(([said, channel, detail]) => `${said}  ${channel!.padEnd(32)}${detail}\n`)
  assert.deepEqual(tried, { code: 1, out: lines.join('') })
  assert.equal(mail.mails[0]!.subject, '[Écluse] essai · essai de la route ops')
  assert.equal(JSON.parse(posted(http, '/pager')[0]!.body).type, 'alerts.test')
  assert.deepEqual([unknown.code, /Did you mean `ops`\?/.test(unknown.out)], [1, true])
  assert.match(doctor.out, /^ok {4}alerts {14}routes: ops$/m)
})
