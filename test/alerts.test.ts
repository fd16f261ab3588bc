// Alerts of a real Écluse: real anomalies, a real mail server and webhook, and a process that is killed on the way.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import alerts from '../cli/alerts.ts'
import { openSqliteDocuments } from '../storage/documents/sqlite.ts'
import { collections } from '../storage/stored-shapes.ts'
import { type HttpSink, startHttpSink, startMailSink } from './alert-sinks.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { configIn, type EcluseProcess, makeDir, spawnEcluse } from './spawn-ecluse.ts'

const ROOT = join(import.meta.dirname, '..')
const SECRET = `whsec_${Buffer.alloc(32, 3).toString('base64')}`

const rules = `
routes:
  - name: ops
    when: { kinds: [conflict] }
    to: [{ email: steward }, { webhook: pager }, { slack: team }]
    group: { wait: 1s, interval: 1s }
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
})

/** The same id with two contents: a real conflict. */
async function conflict(ecluse: EcluseProcess): Promise<void> {
  const event = transaction()
  const { answer } = await ecluse.post('transactions', [event, { ...event, montant: 99_999.5 }])
  assert.equal(answer.accepted, 2)
}

/** The anomaly there is, a second time, while no process runs. */
async function storeAgain(dataDir: string): Promise<void> {
  const documents = await openSqliteDocuments(join(dataDir, 'documents.sqlite'))
  await documents.ensureCollection('anomalies', collections.anomalies)
  const [stored] = await documents.find('anomalies', { limit: 1 })
  const again = { id: `${stored!.id}0`, detectedAt: new Date().toISOString() }
  await documents.insertFirst('anomalies', [{ ...stored!, id: again.id, body: { ...stored!.body, ...again } }])
  await documents.close()
}

const posted = ({ posts }: HttpSink, path: string) => posts.filter(post => post.path === path)

test('alerts arrive at a real SMTP sink and webhook, once each, and survive kill -9 in between', async t => {
  const dir = makeDir()
  writeFileSync(join(dir, 'policies/alerts.yaml'), rules)
  const [mail, http] = [await startMailSink(t), await startHttpSink(t)]
  const told = async (count: number) => {
    await eventually(`all are told ${count} times`, () => {
      return mail.mails.length >= count && http.posts.length >= 2 * count
    })
  }
  const numbers = async () => (await fetch(`${ecluse.url}/metrics`)).text()
  let ecluse = await spawnEcluse({ dir, environment: settings(mail.url, http.url) })
  t.after(() => ecluse.end('SIGKILL'))
  await conflict(ecluse)
  await told(1)
  await eventually('that it was sent is noted', async () => {
    const sent = (await numbers()).match(/^ecluse_alert_messages_total\{.*route="ops",.*outcome="sent".*\} 1/gm)
    return sent?.length === 3
  })
  await ecluse.end('SIGKILL')
  assert.ok(!ecluse.output().includes('data-office@example.org'))
  // The second was stored by a processor that died before it told anybody.
  await storeAgain(ecluse.dataDir)
  ecluse = await ecluse.restart()
  await told(2)
  // A broken edit replaces nothing. A third comes after whatever else there might have been.
  writeFileSync(join(dir, 'policies/alerts.yaml'), rules.replace('email:', 'mail:'))
  await eventually('the edit is refused', () => ecluse.output().includes('What was in force stays in force.'))
  const readiness = await (await fetch(`${ecluse.url}/readyz`)).json()
  const { degraded, alerts } = readiness as { degraded: string[]; alerts: { problems: string[] } }
  assert.deepEqual(degraded, ['alerts'])
  assert.match(alerts.problems.join('\n'), /alerts\.yaml:\d+:\d+: the key `mail` is not known here/)
  await conflict(ecluse)
  await told(3)

  assert.deepEqual(
    mail.mails.map(({ subject }) => subject),
    [
      '[Écluse] moyenne · 1 anomalie dans transactions : copie divergente',
      ...Array(2).fill('[Écluse] moyenne · 1 nouvelle anomalie dans transactions : copie divergente'),
    ],
  )
  assert.ok(mail.mails.every(({ to }) => to.join() === 'data-office@example.org'))
  assert.equal(new Set(mail.mails.map(({ headers }) => headers.get('message-id'))).size, 3)
  assert.deepEqual([posted(http, '/team').length, posted(http, '/pager').length], [3, 3])
  assert.equal(new Set(posted(http, '/pager').map(({ headers }) => headers['webhook-id'])).size, 3)

  const texts = [...mail.mails.flatMap(({ raw, text }) => [raw, text]), ...http.posts.map(({ body }) => body)].join(
    '\n',
  )
  const { utilisateur } = transaction() as unknown as { utilisateur: Record<string, string> }
  for (const value of ['99999', ...Object.values(utilisateur)]) assert.ok(!texts.includes(value), value)
  const wanted = /^ecluse_alert_groups\{.*route="ops".*\} 1/m
  await eventually('the numbers are told', async () => wanted.test(await numbers()))
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
  const [tried, doctor] = await Promise.all([run('alerts', 'test', 'ops'), run('doctor')])
  const lines = [
    ['ok  ', 'email steward', 'taken'],
    ['ok  ', 'webhook pager', 'taken'],
    ['FAIL', 'slack team', 'it answers 404'],
  ].map(([said, channel, detail]) => `${said}  ${channel!.padEnd(32)}${detail}\n`)
  assert.deepEqual(tried, { code: 1, out: lines.join('') })
  assert.equal(mail.mails[0]!.subject, '[Écluse] essai · essai de la route ops')
  assert.equal(JSON.parse(posted(http, '/pager')[0]!.body).type, 'alerts.test')
  const config = configIn(dir, settings(mail.url, http.url))
  await assert.rejects(alerts(['test', 'opps'], config), /no route `opps`\. Did you mean `ops`\?/)
  assert.match(doctor.out, /^ok {4}alerts {14}routes: ops$/m)
})
