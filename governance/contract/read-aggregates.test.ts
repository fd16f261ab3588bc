import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { check, policyText } from './contract-fixture.ts'

/** The small dataset's policy with aggregates from line 17 on. */
const withAggregates = (text: string, policy = policyText) => ({
  'policies/orders.yaml': `${policy}aggregates:\n${text}`,
})

/** One aggregate on lines 18 to 20: its window, its measures, and what else is given. */
const aggregate = (rest = '', window = '{ tumbling: 1h }', measures = '{ orders: count }') =>
  withAggregates(`  total:\n    window: ${window}\n    measures: ${measures}\n${rest && `    ${rest}\n`}`)

const said = async (files: Record<string, string>) => (await check(files)).said

describe('an aggregate is refused where it stands, with what was probably meant:', () => {
  const nobody = policyText
    .replace(/ {2}subjects:\n.*\n/, '  subjects: []\n')
    .replace('unclassified: encrypt', 'unclassified: drop')
    .replace(/ {2}\/buyer\/email.*\n/, '')
  const cases: [what: string, files: Record<string, string>, message: string][] = [
    [
      'a misspelt key',
      aggregate('groupby: [/amount]'),
      '21:5: error: the key `groupby` is not known here. Fix: Did you mean `groupBy`?',
    ],
    [
      'a name with capitals',
      withAggregates('  Total:\n    window: { tumbling: 1h }\n    measures: { n: count }\n'),
      '18:3: error: `Total` cannot be the name of an aggregate. Fix: Use lower-case letters, digits and hyphens',
    ],
    [
      'a measure’s name',
      aggregate('', '{ tumbling: 1h }', '{ 1st: count }'),
      '20:17: error: `1st` cannot be the name of a measure.',
    ],
    [
      'no measure',
      aggregate('', '{ tumbling: 1h }', '{}'),
      '20:15: error: `measures`: the number of properties must be at least 1.',
    ],
    [
      'no window',
      withAggregates('  total:\n    measures: { orders: count }\n'),
      '19:5: error: `window` is missing. Fix: Add `window:`.',
    ],
    [
      'a window of no kind',
      aggregate('', '{ tumblin: 1h }'),
      '19:15: error: `tumblin` is no window. Fix: Did you mean `tumbling`?',
    ],
    [
      'a window without its time',
      aggregate('', 'tumbling'),
      '19:13: error: `tumbling` needs to know more. Fix: Write `{ tumbling: 1h }`.',
    ],
    [
      'two windows',
      aggregate('', '{ tumbling: 1h, session: { gap: 1h } }'),
      '19:13: error: a window is one name with what it is of.',
    ],
    [
      'a time without unit',
      aggregate('', '{ tumbling: 60 }'),
      '19:25: error: `tumbling`: the value must be of type string.',
    ],
    [
      'a time of no unit',
      aggregate('', '{ tumbling: 1w }'),
      '19:25: error: `tumbling` is not written as it should be. Fix: Windows of this length, one after the other. A number and s (seconds), m (minutes), h (hours) or d (days).',
    ],
    [
      'a window of years',
      aggregate('', '{ tumbling: 999d }'),
      '19:25: error: a window of more than 366 days would hardly ever close.',
    ],
    [
      'windows with gaps',
      aggregate('', '{ hopping: { size: 1h, every: 2h } }'),
      '19:43: error: windows of 1h, one every 2h, leave events between them out. Fix: Write `every: 1h` or less.',
    ],
    [
      'windows that overlap too often',
      aggregate('', '{ hopping: { size: 1h, every: 1s } }'),
      '19:43: error: each event would be counted in 3600 windows; 100 are the most.',
    ],
    [
      'a measure of no kind',
      aggregate('', '{ tumbling: 1h }', '{ a: { summ: /amount } }'),
      '20:22: error: `summ` is no measure. Fix: Did you mean `sum`? Choose one of `count`, `sum`,',
    ],
    [
      'a measure without its field',
      aggregate('', '{ tumbling: 1h }', '{ a: mean }'),
      '20:20: error: `mean` needs to know more. Fix: Write `{ mean: /amount }`.',
    ],
    [
      'a measure of two kinds',
      aggregate('', '{ tumbling: 1h }', '{ a: { sum: /amount, min: /amount } }'),
      '20:20: error: a measure is one name with what it is of.',
    ],
    [
      'a measure of no pointer',
      aggregate('', '{ tumbling: 1h }', '{ a: { sum: amount } }'),
      '20:27: error: `sum` is not written as it should be. Fix: The exact sum. Of which field: /amount.',
    ],
    [
      'a quantile without q',
      aggregate('', '{ tumbling: 1h }', '{ a: { quantile: { of: /amount } } }'),
      '20:32: error: `q` is missing.',
    ],
    [
      'a quantile that is the maximum',
      aggregate('', '{ tumbling: 1h }', '{ a: { quantile: { of: /amount, q: 1 } } }'),
      '20:50: error: `q`: the number must be at most 0.99.',
    ],
    [
      'two groups of one name',
      aggregate('groupBy: [/buyer/number, /number]'),
      '21:30: error: /number and /buyer/number would both be called `number`. Fix: Group by one of the two',
    ],
    [
      'five groups',
      aggregate('groupBy: [/a, /b, /c, /d, /e]'),
      '21:14: error: `groupBy`: the number of items must be at most 4.',
    ],
    [
      'a condition on nothing',
      aggregate('where: { pointer: /amount }'),
      '21:12: error: the condition on /amount asks for nothing. Fix: Add `minimum`, `maximum`, `equals` or `oneOf`.',
    ],
    [
      'a condition that nothing meets',
      aggregate('where: [{ pointer: /amount, minimum: 2, maximum: 1 }]'),
      '21:42: error: no number is at least 2 and at most 1.',
    ],
    [
      'a misspelt condition',
      aggregate('where: { pointer: /amount, minimun: 2 }'),
      '21:32: error: the key `minimun` is not known here. Fix: Did you mean `minimum`?',
    ],
    [
      'a join on what is no group',
      aggregate('join: { reference: kinds, on: /amont, take: [x] }\n    groupBy: [/amount]'),
      '21:35: error: the aggregate is not grouped by /amont. Fix: Did you mean `/amount`?',
    ],
    [
      'a column called like a group',
      aggregate('join: { reference: kinds, on: /id, take: [id] }\n    groupBy: [/id]'),
      '21:47: error: two columns of the result would be called `id`.',
    ],
    [
      'lateness of months',
      aggregate('lateness: 60d'),
      '21:15: error: its windows would stay open for more than 31d after their end. Fix: Write `lateness: 31d` or less.',
    ],
    [
      'more retention than events have',
      aggregate('retention: 500d'),
      '21:16: error: it would outlive the events that it is made of. Fix: Write `retention: 400d` or less',
    ],
    [
      'less retention than a window takes',
      aggregate('retention: 1h'),
      '21:16: error: its results would be erased before its windows close.',
    ],
    [
      'k of one',
      aggregate('k: 1'),
      '21:8: error: a group could show a single person. Fix: Write `k: 2` or more; 5 when left out.',
    ],
    ['k of none', aggregate('k: 0'), '21:8: error: `k`: the number must be at least 1.'],
    [
      'k where each group is a person',
      aggregate('k: 5\n    perPerson: true\n    groupBy: [/buyer/number]'),
      '21:8: error: no group would have 5 persons: with `perPerson` each has one.',
    ],
    [
      'sessions that do not say they are of persons',
      aggregate('', '{ session: { gap: 30m } }'),
      '19:13: error: each session is a single person’s. Fix: Write `perPerson: true`',
    ],
    [
      'sessions in groups',
      aggregate('perPerson: true\n    groupBy: [/id]', '{ session: { gap: 30m } }'),
      '22:14: error: sessions are grouped by person already. Fix: Leave `groupBy` out.',
    ],
    [
      'k without persons',
      withAggregates('  total:\n    window: { tumbling: 1h }\n    measures: { n: count }\n    k: 5\n', nobody),
      ': error: no group would have persons: the dataset has no subjects. Fix: Leave `k` out',
    ],
    [
      'persons without persons',
      withAggregates(
        '  total:\n    window: { tumbling: 1h }\n    measures: { n: count }\n    perPerson: true\n',
        nobody,
      ),
      ': error: there are no persons: the dataset has no subjects.',
    ],
    [
      'sessions without persons',
      withAggregates('  total:\n    window: { session: { gap: 1h } }\n    measures: { n: count }\n', nobody),
      ': error: sessions are of persons, and the dataset has no subjects. Fix: Declare a subject.',
    ],
  ]
  for (const [what, files, message] of cases)
    test(what, async () => {
      const all = await said(files)
      const wanted = message.startsWith(':') ? message : `policies/orders.yaml:${message}`
      assert.ok(
        all.some(line => line.includes(wanted)),
        all.join('\n'),
      )
    })

  test('more than 50 aggregates, 20 measures, 8 conditions', async () => {
    const many = (count: number, line: (i: number) => string) =>
      Array.from({ length: count }, (_, i) => line(i)).join('')
    const aggregates = many(51, i => `  a${i}: { window: { tumbling: 1h }, measures: { n: count } }\n`)
    const measures = `{ ${many(21, i => `m${i}: count, `)} }`
    const conditions = `where: [${many(9, () => '{ pointer: /amount, minimum: 0 }, ')}]`
    assert.match(
      (await said(withAggregates(aggregates))).join(),
      /`aggregates`: the number of properties must be at most 50/,
    )
    assert.match((await said(aggregate('', '{ tumbling: 1h }', measures))).join(), /properties must be at most 20/)
    assert.match((await said(aggregate(conditions))).join(), /items must be at most 8/)
  })
})

test('what is left out has a default, and times are milliseconds', async () => {
  const { contracts, said } = await check(aggregate('', '{ hopping: { size: 1h, every: 10m } }'))
  assert.deepEqual(said, [])
  assert.deepEqual(contracts.get('orders')!.aggregates, [
    {
      name: 'total',
      window: { hopping: { sizeMs: 3_600_000, everyMs: 600_000 } },
      latenessMs: 3_600_000,
      retentionMs: 400 * 86_400_000,
      k: 5,
      perPerson: false,
      groupBy: [],
      where: [],
      measures: [{ name: 'orders', kind: 'count', parameters: {}, level: 'internal' }],
    },
  ])
})

test('a policy without aggregates has none', async () => {
  const { contracts } = await check()
  assert.deepEqual(contracts.get('orders')!.aggregates, [])
  assert.equal(contracts.get('orders')!.references.size, 0)
})
