import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, files } from './contract-fixture.ts'
import { printHtml, printMarkdown } from './print-processing-record.ts'
import { processingActivity } from './processing-record.ts'

async function activity(recipients = '', aggregates = '') {
  const policy = files['policies/orders.yaml'].replace('review:', `${recipients}review:`) + aggregates
  const { contracts } = await check({ 'policies/orders.yaml': policy })
  return processingActivity(contracts.get('orders')!)
}

test('the record holds what article 30 asks for and a policy says', async () => {
  const { data, ...rest } = await activity('recipients: [the bank]\n')
  assert.deepEqual(rest, {
    dataset: 'orders',
    title: null,
    controller: 'shop@example.org',
    steward: 'data@example.org',
    purpose: 'revenue reporting',
    legalBasis: 'contract',
    subjects: ['customer'],
    statistics: [],
    recipients: ['the bank'],
    transfers: null,
    retention: { log: '7d', events: '400d', quarantine: '30d', lake: '1095d' },
    review: { last: '2026-11-01', every: '180d' },
  })
  assert.deepEqual(
    data.map(({ category }) => category),
    ['user.contact.email', 'user.unique_id', null],
  )
  assert.deepEqual(data[0], {
    category: 'user.contact.email',
    level: 'confidential',
    fields: ['/buyer/email'],
    measures: ['pseudonymise'],
  })
})

test('it is printed in English and French, and a policy cannot write into the page', async () => {
  const found = await activity('recipients: ["<b>a | b</b>"]\n')
  const english = printMarkdown([found], 'en')
  assert.match(english, /^# Record of processing activities$/m)
  assert.match(english, /^- \*\*Recipients\*\*: \\<b\\>a \\\| b\\<\/b\\>$/m)
  assert.match(english, /^\| user\.contact\.email \| confidential \| \/buyer\/email \| replaced by a token \|$/m)
  assert.match(english, /event log 7 days, archive 400 days/)
  const french = printMarkdown([found], 'fr')
  assert.match(french, /^# Registre des activités de traitement$/m)
  assert.match(french, /journal des événements 7 jours/)
  const html = printHtml([found], 'fr')
  assert.match(html, /<html lang="fr">/)
  assert.ok(html.includes('&lt;b&gt;a | b&lt;/b&gt;') && !html.includes('<b>'))
})

test('the record says which statistics are derived, from which fields, of how many persons', async () => {
  const found = await activity(
    '',
    `aggregates:
  by-id: { window: { tumbling: 1h }, groupBy: [/id], measures: { n: count, sum: { sum: /amount } }, retention: 30d }
  each: { window: { session: { gap: 1h } }, perPerson: true, measures: { n: count } }
`,
  )
  assert.deepEqual(found.statistics, [
    { name: 'by-id', fields: ['/id', '/amount'], k: 5, retention: '30d' },
    { name: 'each', fields: [], k: 1, retention: '400d' },
  ])
  assert.match(
    printMarkdown([found], 'en'),
    /^- \*\*Statistics derived\*\*: by-id \(from \/id, \/amount; groups of 5 persons or more; kept 30 days\), each \(from the number of events; groups may be single persons; kept 400 days\)$/m,
  )
  assert.match(
    printMarkdown([found], 'fr'),
    /\*\*Statistiques dérivées\*\*: by-id \(à partir de \/id, \/amount ; groupes d’au moins 5 personnes ; conservée 30 jours\)/,
  )
})
