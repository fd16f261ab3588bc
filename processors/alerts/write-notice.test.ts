import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anomalyKinds } from '../../governance/anomalies/anomaly-kinds.ts'
import type { StoredNotice } from '../../storage/stored-alert.ts'
import { words } from './notice-words.ts'
import { type Told, writeNotice } from './write-notice.ts'

const sample = {
  id: 'a1',
  ...{ dataset: 'payments', kind: 'silence', severity: 'high' },
  ...{ start: '2026-11-21T12:00:00.000Z', end: '2026-11-21T12:15:00.000Z' },
  detail: 'No event came in\nfor 15 minutes.',
}
const notice: StoredNotice = {
  ...{ number: 2, kind: 'more', at: '2026-11-21T12:20:00.000Z', severity: 'high' },
  ...{ fresh: 3, standing: 4, all: 5, unwatched: 0 },
  samples: [sample, { ...sample, id: 'a2', detail: null }],
  language: 'en',
}
const told: Told = {
  ...{ id: 'id-2-ab', route: 'ops', group: { dataset: 'payments', kind: 'silence' } },
  notice,
  ...{ language: 'en', at: notice.at, publicUrl: 'https://ecluse.example' },
}

test('an English message says what, where, how many, and where to look', () => {
  const { subject, text, link } = writeNotice(told)
  assert.equal(subject, '[Écluse] high · 3 more anomalies in payments: silence')
  assert.equal(
    text,
    `3 more anomalies in payments: silence

Severity: high
New: 3. Not resolved: 4. Told so far: 5.

- 2026-11-21T12:00:00.000Z – 2026-11-21T12:15:00.000Z, payments, silence, high: No event came in for 15 minutes.
- 2026-11-21T12:00:00.000Z – 2026-11-21T12:15:00.000Z, payments, silence, high: (what it is about is shown on the page alone)
and 1 more

Route ops of policies/alerts.yaml · id-2-ab`,
  )
  assert.equal(link, 'https://ecluse.example/#/anomalies?dataset=payments')
})

test('un message en français dit la même chose', () => {
  const { subject, text } = writeNotice({ ...told, language: 'fr', group: {}, publicUrl: undefined })
  assert.equal(subject, '[Écluse] élevée · 3 nouvelles anomalies dans plusieurs jeux de données')
  assert.match(text, /^Gravité : élevée\nNouvelles : 3\. Non résolues : 4\. Annoncées jusqu’ici : 5\.$/m)
  assert.match(text, /silence, élevée : \(son objet ne se lit que sur la page\)\net 1 de plus$/m)
})

test('each kind of message has a title of its own', () => {
  const subjects = (['opened', 'more', 'repeated', 'resolved'] as const).map(
    kind => writeNotice({ ...told, notice: { ...notice, kind, fresh: 1, standing: 2 } }).subject,
  )
  assert.deepEqual(subjects, [
    '[Écluse] high · 1 anomaly in payments: silence',
    '[Écluse] high · 1 more anomaly in payments: silence',
    '[Écluse] high · still there: 2 anomalies in payments: silence',
    '[Écluse] resolved · over: 5 anomalies in payments: silence',
  ])
  const test = writeNotice({ ...told, notice: undefined, language: 'fr' })
  assert.equal(test.subject, '[Écluse] essai · essai de la route ops')
})

test('a program reads type, time, counts and anomalies', () => {
  assert.deepEqual(writeNotice(told).body, {
    type: 'anomalies.more',
    timestamp: notice.at,
    data: {
      ...{ delivery: 'id-2-ab', route: 'ops', group: told.group, title: '3 more anomalies in payments: silence' },
      url: 'https://ecluse.example/#/anomalies?dataset=payments',
      ...{ number: 2, severity: 'high', counts: { new: 3, standing: 4, told: 5, unwatched: 0 } },
      anomalies: [
        { ...sample, detail: 'No event came in for 15 minutes.' },
        { ...sample, id: 'a2', detail: null },
      ],
    },
  })
})

test('a message is bounded, however long a detail is', () => {
  const long = { ...sample, detail: 'x'.repeat(100_000) }
  const { text, body } = writeNotice({ ...told, notice: { ...notice, samples: Array(5).fill(long) } })
  assert.ok(text.length < 5_000 && JSON.stringify(body).length < 5_000)
})

test('both languages have a word for every kind', () => {
  for (const { kinds } of Object.values(words)) assert.deepEqual(Object.keys(kinds).sort(), [...anomalyKinds].sort())
})
