import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DocumentsUnavailable } from '../../storage/documents/documents.ts'
import type { StoredDelivery } from '../../storage/stored-alert.ts'
import { eventually } from '../../test/eventually.ts'
import { anomaly, NOON_MS } from './alert-fixture.ts'
import { LATE_MS } from './find-anomalies.ts'
import type { SeenAnomaly } from './group-anomalies.ts'
import { openHouse, pagerTypes, SECRET, slackTexts, TIMEOUT_MS } from './house-fixture.ts'
import { webhookHeaders } from './sign-webhook.ts'

test('an anomaly arrives once at each channel: signed, with its id, in words', async t => {
  const house = await openHouse(t)
  await house.after(0)
  await house.store(anomaly(1, { detail: 'No <event> & nothing.' }))
  await house.after(1)
  assert.deepEqual([house.mail.mails.length, house.http.posts.length], [0, 0])
  await house.after(30)
  for (let looks = 0; looks < 5; looks++) await house.after(600)

  const [mail, ...mails] = house.mail.mails
  assert.equal(mails.length, 0)
  assert.deepEqual(mail!.to, ['steward-of-payments@example.org'])
  assert.equal(mail!.subject, '[Écluse] high · 1 anomaly in payments: silence')
  assert.match(mail!.text, /No <event> & nothing\.\n[\s\S]*https:\/\/ecluse\.example\/#\/anomalies\?dataset=payments/)
  assert.equal(mail!.headers.get('auto-submitted'), 'auto-generated')
  const id = mail!.headers.get('ecluse-delivery')!
  assert.equal(mail!.headers.get('message-id'), `<${id}@example.org>`)

  assert.deepEqual(slackTexts(house.http), ['[Écluse] high · 1 anomaly in payments: silence'])
  const slack = JSON.parse(house.http.posts.find(({ path }) => path === '/slack')!.body)
  assert.match(slack.blocks[0].text.text, /No &lt;event&gt; &amp; nothing\./)

  const posted = house.http.posts.filter(({ path }) => path === '/pager')
  assert.equal(posted.length, 1)
  const { headers, body } = posted[0]!
  const signed = { id: String(headers['webhook-id']), timestamp: Number(headers['webhook-timestamp']), body }
  assert.equal(headers['webhook-signature'], webhookHeaders(signed, [SECRET])['webhook-signature'])
  assert.equal(headers['ecluse-delivery'], headers['webhook-id'])
  assert.equal(JSON.parse(body).data.anomalies[0].detail, 'No <event> & nothing.')
  assert.deepEqual(house.outcomes.sort(), ['ops email sent', 'ops slack sent', 'ops webhook sent'])
})

test('more of it, and that it is over, are told in order; datasets and kinds apart', async t => {
  const house = await openHouse(t)
  await house.after(0)
  await house.store(anomaly(1), anomaly(2, { dataset: 'profiles' }), anomaly(3, { kind: 'burst' }))
  await house.after(1)
  await house.after(30)
  assert.deepEqual(house.mail.mails.map(({ subject }) => subject).sort(), [
    '[Écluse] high · 1 anomaly in payments: burst',
    '[Écluse] high · 1 anomaly in payments: silence',
    '[Écluse] high · 1 anomaly in profiles: silence',
  ])
  await house.store(anomaly(1, { state: 'resolved' }), anomaly(60_000))
  await house.after(60)
  await house.after(300)
  await house.store(anomaly(60_000, { state: 'false-alarm' }))
  await house.after(1)
  await house.after(3_600)
  assert.deepEqual(
    house.mail.mails.slice(3).map(({ subject }) => subject),
    [
      '[Écluse] high · 1 more anomaly in payments: silence',
      '[Écluse] resolved · over: 2 anomalies in payments: silence',
    ],
  )
})

test('several processors tell it once between them', async t => {
  const house = await openHouse(t)
  const all = [house.first, house.processor(), house.processor()]
  await house.after(0, ...all)
  await house.store(...Array.from({ length: 20 }, (_, n) => anomaly(n + 1)))
  for (const seconds of [1, 30, 1, 60]) await house.after(seconds, ...all)
  await house.store(anomaly(120_000))
  for (const seconds of [60, 300, 1, 60]) await house.after(seconds, ...all)
  assert.deepEqual(pagerTypes(house.http), ['anomalies.opened', 'anomalies.more'])
  assert.deepEqual(
    house.mail.mails.map(({ subject }) => subject),
    ['[Écluse] high · 20 anomalies in payments: silence', '[Écluse] high · 1 more anomaly in payments: silence'],
  )
  assert.equal(slackTexts(house.http).length, 2)
})

test('what was there before anybody was to be told is left; what came while nobody looked is told', async t => {
  const house = await openHouse(t)
  await house.store(anomaly(-5_000))
  await house.after(0)
  await house.after(60)
  await house.store(anomaly(70_000))
  const another = house.processor()
  await house.after(3_600, another)
  await house.after(30, another)
  assert.deepEqual(
    house.mail.mails.map(({ subject }) => subject),
    ['[Écluse] high · 1 anomaly in payments: silence'],
  )
  assert.match(house.mail.mails[0]!.text, /says 70000/)
})

test('one that was written late, and one that became worse or came again, are told too', async t => {
  const house = await openHouse(t, { leastRank: 2, to: [{ kind: 'webhook', name: 'pager' }] })
  await house.after(0)
  await house.store(anomaly(1), anomaly(2, { dataset: 'profiles', severity: 'low' }))
  await house.after(1)
  await house.after(30)
  assert.deepEqual(pagerTypes(house.http), ['anomalies.opened'])
  // By a process whose clock is a second behind.
  await house.store(anomaly(0), {
    ...anomaly(2, { dataset: 'profiles' }),
    lastSeenAt: anomaly(31_000).detectedAt,
  } as SeenAnomaly)
  await house.after(1)
  await house.after(30)
  assert.deepEqual(pagerTypes(house.http), ['anomalies.opened', 'anomalies.opened'])
  await house.after(LATE_MS / 1_000)
  await house.after(30)
  assert.deepEqual(pagerTypes(house.http).slice(2), ['anomalies.more'])
  await house.store(anomaly(0, { state: 'resolved' }), anomaly(1, { state: 'resolved' }))
  await house.after(1)
  await house.store({ ...anomaly(1), lastSeenAt: anomaly(400_000).detectedAt } as SeenAnomaly)
  await house.after(60)
  await house.after(30)
  assert.deepEqual(pagerTypes(house.http).slice(3), ['anomalies.resolved', 'anomalies.opened'])
})

test('a receiver that answers 500 or is down is tried again; the others are told once', async t => {
  const house = await openHouse(t)
  house.http.answer('/pager', 500)
  house.mail.refuse(451)
  await house.after(0)
  await house.store(anomaly(1))
  await house.after(1)
  await house.after(30)
  await house.after(2)
  house.http.answer('/pager', 302, { location: `${house.http.url}/slack` })
  await house.after(4)
  house.http.answer('/pager', 204)
  house.mail.refuse(undefined)
  await house.after(15)
  await house.after(60)
  const ids = house.http.posts.filter(({ path }) => path === '/pager').map(({ headers }) => headers['webhook-id'])
  assert.deepEqual([ids.length, new Set(ids).size], [4, 1])
  assert.deepEqual([slackTexts(house.http).length, house.mail.mails.length], [1, 1])
  assert.deepEqual(
    house.outcomes.filter(each => each.startsWith('ops webhook')),
    [...Array(3).fill('ops webhook failed'), 'ops webhook sent'],
  )
  assert.ok(house.log.some(line => line.includes('it answers 500') && line.includes('webhook pager')))
  assert.ok(house.log.some(line => line.includes('it answers 451 to DATA')))
  assert.ok(!house.log.some(line => line.includes('example.org') || line.includes('127.0.0.1')))
})

test('a receiver that never answers is waited for no longer than a try may take', async t => {
  const house = await openHouse(t, { to: [{ kind: 'webhook', name: 'pager' }] }, 200)
  house.http.answer('/pager', 'hang')
  await house.after(0)
  await house.store(anomaly(1))
  await house.after(1)
  await house.after(30)
  assert.deepEqual(house.outcomes, ['ops webhook failed'])
  assert.ok(house.log[0]!.includes('it did not answer in time'))
})

test('a receiver that says it is gone, and one that refuses for good, are given up', async t => {
  const house = await openHouse(t)
  house.http.answer('/pager', 410)
  house.http.answer('/slack', 429, { 'retry-after': '120' })
  house.mail.refuse(550)
  await house.after(0)
  await house.store(anomaly(1), anomaly(2, { dataset: 'gone' }))
  await house.after(1)
  await house.after(30)
  await house.after(100)
  assert.deepEqual([pagerTypes(house.http).length, slackTexts(house.http).length], [2, 2])
  house.http.answer('/slack', 200)
  await house.after(50)
  assert.equal(slackTexts(house.http).length, 4)
  assert.ok(house.outcomes.includes('ops webhook given-up') && house.outcomes.includes('ops email given-up'))
  await house.after(86_400)
  await house.after(86_400)
  const active = await house.documents.find('alerts', { where: { active: 1 }, limit: 10 })
  assert.deepEqual(
    active.flatMap(({ body }) => body.deliveries as unknown[]),
    [],
  )
})

test('a process without settings for a channel leaves it to those that have them', async t => {
  const house = await openHouse(t, { to: [{ kind: 'email', name: 'ops@example.org' }] })
  const bare = house.processor({ hasMail: false })
  await house.after(0)
  await house.store(anomaly(1))
  for (const seconds of [1, 30, 60]) await house.after(seconds, bare)
  assert.deepEqual([house.mail.mails.length, house.outcomes], [0, []])
  await house.after(1)
  await house.after(30)
  assert.deepEqual(
    house.mail.mails.map(({ to }) => to),
    [['ops@example.org']],
  )
})

test('who dies between sending and noting it causes one repetition, under the same id', async t => {
  const house = await openHouse(t)
  let isDead = false
  const dying = house.processor({
    documents: {
      ...house.documents,
      upsertNewer: async (...given) => {
        if (isDead) throw new DocumentsUnavailable('gone')
        await house.documents.upsertNewer(...given)
        const alert = (await house.documents.find('alerts', { where: { active: 1 }, limit: 1 }))[0]?.body
        // Nothing is written any more once a message may go out.
        isDead = (alert?.deliveries as StoredDelivery[] | undefined)?.some(({ claim }) => claim) ?? false
      },
    },
  })
  await house.after(0)
  await house.store(anomaly(1))
  await house.after(1, dying)
  await house.after(30, dying)
  assert.ok(isDead)
  await house.after(1)
  await house.after((2 * TIMEOUT_MS) / 1_000)
  await house.after(60)
  const ids = [
    ...house.http.posts.map(({ headers }) => String(headers['ecluse-delivery'])),
    ...house.mail.mails.map(({ headers }) => headers.get('ecluse-delivery')!),
  ]
  // Of three messages, one went out twice.
  assert.deepEqual([ids.length, new Set(ids).size], [4, 3])
})

test('a process that stops ends its tries; another one goes on, under the same id', async t => {
  const house = await openHouse(t, { to: [{ kind: 'webhook', name: 'pager' }] })
  const stopping = new AbortController()
  const ending = house.processor({ stopping: stopping.signal })
  house.http.answer('/pager', 'hang')
  await house.after(0)
  await house.store(anomaly(1))
  await house.after(1)
  const stopped = house.after(30, ending)
  await eventually('the webhook has it', () => house.http.posts.length === 1)
  stopping.abort()
  await stopped
  house.http.answer('/pager', 204)
  await house.after(2)
  await house.after(60)
  const ids = house.http.posts.map(({ headers }) => headers['webhook-id'])
  assert.deepEqual([ids.length, new Set(ids).size], [2, 1])
})

test('what is silenced is not told; without its route nothing is', async t => {
  const house = await openHouse(t)
  house.policy.silences.push({ dataset: 'payments', kind: undefined, untilMs: NOON_MS + 3_600_000 })
  await house.after(0)
  await house.store(anomaly(1), anomaly(2, { dataset: 'profiles' }))
  await house.after(1)
  await house.after(30)
  assert.deepEqual(
    house.mail.mails.map(({ to }) => to),
    [['steward-of-profiles@example.org']],
  )
  house.policy.routes = []
  await house.after(7_200)
  await house.store(anomaly(1, { state: 'resolved' }), anomaly(2, { dataset: 'profiles', state: 'resolved' }))
  await house.after(60)
  assert.equal(house.mail.mails.length, 1)
})
