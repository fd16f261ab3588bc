// Quality, anomalies and alerts on real servers: two gateways, two processors, and whoever is told.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { showQuality } from '../gateway/show-quality.ts'
import type { JsonObject } from '../storage/json.ts'
import { type Post, startHttpSink } from './alert-sinks.ts'
import { eventually } from './eventually.ts'
import { transaction } from './fixtures.ts'
import { type RealInstallation, startInstallation } from './real-installation.ts'

const HOUR_MS = 3_600_000
const LIMIT_MS = 120_000
/** 32 bytes. */
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

const RULES = `routes:
  - name: ops
    to: [{ webhook: pager }]
    group: { by: [dataset, kind], wait: 1s }
`

test('on real servers', async t => {
  const sink = await startHttpSink(t)
  const ecluse = await startInstallation({
    settings: {
      ECLUSE_ALERT_WEBHOOKS: JSON.stringify({ pager: { url: `${sink.url}/pager`, secret: SECRET } }),
      ECLUSE_ALERT_INTERVAL_MS: '500',
      ECLUSE_MAINTENANCE_INTERVAL_MS: '1000',
    },
  })
  t.after(ecluse.stop)
  writeFileSync(join(ecluse.dir, 'policies/alerts.yaml'), RULES)

  await t.test('what came in through both gateways is measured, each first copy once', async () => {
    const events = Array.from({ length: 40 }, (_, i) => {
      const event = transaction({ montant: i + 0.25 })
      const { email: _email, ...utilisateur } = event.utilisateur as JsonObject
      return { ...event, ...(i % 4 === 0 && { utilisateur }) }
    })
    const wrong = [1, 2, 3].map(() => transaction({ montant: 'nothing' }))
    await Promise.all([
      ecluse.post(ecluse.transactions, events.slice(0, 20), 0),
      ecluse.post(ecluse.transactions, events.slice(20), 1),
    ])
    await ecluse.post(ecluse.transactions, [...events.slice(0, 10), ...wrong], 1)
    await ecluse.settled()
    const summary = await eventually('all is measured', async () => {
      const { summary } = await quality(ecluse)
      return summary.events === 40 && summary.causes.length > 0 && summary
    })
    const { received, rejected, effective, duplicates } = summary.volume as Record<string, number>
    assert.deepEqual([received, rejected, effective, duplicates], [53, 3, 40, 10])
    const field = (pointer: string) => summary.fields.find(each => each.pointer === pointer)
    assert.deepEqual(field('/montant')?.numbers, { count: 40, mean: 19.75, variance: (40 ** 2 - 1) / 12 })
    assert.equal(field('/utilisateur/email')?.missing, 10)
    assert.deepEqual(
      summary.causes.map(({ cause, count }) => [cause, count]),
      [['/montant type', 3]],
    )
  })

  await t.test(
    'an anomaly is told, judged by somebody, and then told to be over, whichever processor lives',
    async () => {
      const id = randomUUID()
      await ecluse.post(ecluse.transactions, transaction({ id_transaction: id, montant: 1 }))
      await ecluse.post(ecluse.transactions, transaction({ id_transaction: id, montant: 2 }))
      // A message whose sender is killed before it notes that is sent again, under the same id.
      const told = () => Object.values(Object.fromEntries(sink.posts.map(said)))
      await eventually('it is told', () => told().length > 0, LIMIT_MS)
      await ecluse.processors[0]!.end('SIGKILL')
      const listed = `/v1/anomalies?dataset=${ecluse.transactions}&kind=conflict`
      const { items } = (await (await ecluse.call('data-steward', listed)).json()) as { items: { id: string }[] }
      assert.equal(items.length, 1)
      const resolved = await ecluse.gateways[0]!.current.call(
        'data-steward',
        `/v1/anomalies/${encodeURIComponent(items[0]!.id)}/states`,
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ state: 'resolved', comment: 'sent twice by hand' }),
        },
      )
      assert.equal(resolved.status, 200, await resolved.text())
      await eventually('it is told to be over', () => told().length > 1, LIMIT_MS)
      assert.deepEqual(told(), ['anomalies.opened conflict', 'anomalies.resolved conflict'])
      assert.doesNotMatch(ecluse.output(), /windows were not judged/)
      assert.ok(!sink.posts.some(({ body }) => body.includes(id)))
    },
  )
})

/** What a message says, by its id. */
function said({ headers, body }: Post): [string, string] {
  const { type, data } = JSON.parse(body) as { type: string; data: { group: { kind: string } } }
  return [String(headers['webhook-id']), `${type} ${data.group.kind}`]
}

async function quality(ecluse: RealInstallation): Promise<{ summary: ReturnType<typeof showQuality> }> {
  const [from, to] = [-HOUR_MS, HOUR_MS].map(ms => new Date(Date.now() + ms).toISOString())
  const answer = await ecluse.call('data-owner', `/v1/datasets/${ecluse.transactions}/quality?from=${from}&to=${to}`)
  assert.equal(answer.status, 200)
  return (await answer.json()) as { summary: ReturnType<typeof showQuality> }
}
