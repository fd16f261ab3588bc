import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import { describeChange } from './admit-contract.ts'
import { comparePolicies } from './compare-policies.ts'
import type { Contract } from './contract.ts'
import { policyWith, schemaWith } from './contract-fixture.ts'
import { formatDiagnostic } from './diagnostic.ts'
import { compileDataset } from './load.ts'

const found = (path: string, text: string) => ({ path, bytes: Buffer.from(text), sha256: hash('sha256', text) })
const schema = schemaWith('"kind": { "type": "string" }, "pay": { "type": "number" }')
const policy = policyWith(
  '/pay: { level: confidential, action: keep }',
  policyWith('/kind: { level: internal, action: keep }'),
)
const total = `aggregates:
  total:
    window: { tumbling: 1h }
    groupBy: [/kind]
    k: 10
    retention: 30d
    measures: { orders: count, amount: { sum: /amount } }
`

function compiled(aggregates: string, table = 'kind,sign\nsale,1\n', fields = policy): Contract {
  const tables = new Map([['kinds', found('kinds.csv', table)]])
  const schemas = new Map([['1-0-0', found('1-0-0', schema)]])
  const { contract, diagnostics } = compileDataset('orders', found('p', fields + aggregates), schemas, 20, tables)
  return contract ?? assert.fail(diagnostics.map(formatDiagnostic).join('\n'))
}

const edited = (from: string, to: string) => {
  assert.ok(total.includes(from))
  return total.replace(from, to)
}
const changesOf = (before: Contract, after: Contract) => comparePolicies(before, after).changes.map(describeChange)

describe('the verdict on an edit of an aggregate', () => {
  /** [what it becomes, verdict there, verdict back, what is said] */
  const edits: [string, string, string, string, RegExp][] = [
    ['k: 10', 'k: 5', 'weaker', 'stricter', /^aggregate total: k goes from 10 to 5$/],
    ['    k: 10\n', '', 'weaker', 'stricter', /k goes from 10 to 5/],
    ['retention: 30d', 'retention: 60d', 'weaker', 'stricter', /retention goes from 30d to 60d/],
    [
      'groupBy: [/kind]\n    k: 10',
      'groupBy: [/kind, /buyer/number]\n    perPerson: true',
      'weaker',
      'stricter',
      /groups may be single persons/,
    ],
    [
      'amount: {',
      'pay: { mean: /pay }, amount: {',
      'weaker',
      'same',
      /shows something new of a confidential field: mean of \/pay/,
    ],
    [
      '    k: 10',
      '    where: { pointer: /pay, minimum: 1 }\n    k: 10',
      'weaker',
      'same',
      /the condition {"pointer":"\/pay","minimum":1}/,
    ],
    ['amount: {', 'most: { max: /amount }, amount: {', 'same', 'same', /^aggregate total: max of \/amount is new$/],
    ['amount: {', 'sum: {', 'same', 'same', /^$/],
    ['[/kind]', '[/kind, /id]', 'same', 'same', /groups by \/id is new/],
    ['1h', '1m', 'same', 'same', /window changes/],
    ['    k: 10', '    lateness: 2h\n    k: 10', 'same', 'same', /lateness changes/],
    ['    k: 10', '    join: { reference: kinds, on: /kind, take: [sign] }\n    k: 10', 'same', 'same', /join changes/],
  ]
  for (const [from, to, there, back, says] of edits)
    test(`${from.trim()} -> ${to.trim()}: ${there}, and ${back} back`, () => {
      const [a, b] = [compiled(total), compiled(edited(from, to))]
      assert.equal(comparePolicies(a, b).verdict, there, changesOf(a, b).join('\n'))
      assert.equal(comparePolicies(b, a).verdict, back, changesOf(b, a).join('\n'))
      assert.match(changesOf(a, b).join('\n'), says)
    })

  test('a new one is the same, unless it shows few persons or a sensitive field; one less is the same', () => {
    const none = compiled('')
    assert.equal(comparePolicies(none, compiled(total)).verdict, 'stricter')
    const usual = compiled(edited('    k: 10\n', ''))
    assert.deepEqual(comparePolicies(none, usual), {
      verdict: 'same',
      changes: [{ effect: 'neutral', what: 'aggregate total: it is new' }],
    })
    assert.equal(comparePolicies(usual, none).verdict, 'same')
    assert.equal(comparePolicies(none, compiled(edited('k: 10', 'k: 2'))).verdict, 'weaker')
    assert.equal(comparePolicies(none, compiled(edited('sum: /amount', 'sum: /pay'))).verdict, 'weaker')
  })

  test('kept as long as events, its retention is told once', () => {
    const aggregate = edited('    retention: 30d\n', '')
    const longer = compiled(aggregate, undefined, policy.replace('events: 400d', 'events: 500d'))
    assert.deepEqual(changesOf(compiled(aggregate), longer), ['retention of events goes from 400d to 500d'])
  })
})

test('a changed field says which aggregates it is in', () => {
  const coarser = policy.replace(
    '/amount: { level: internal, action: keep }',
    '/amount: { level: internal, action: { generalise: { band: 10 } } }',
  )
  assert.deepEqual(changesOf(compiled(total), compiled(total, undefined, coarser)), [
    '1-0-0 /amount: keep becomes generalise {"band":10}, in the aggregate total',
  ])
})

test('a changed table is told, and protects neither more nor less', () => {
  const joined = edited('    k: 10', '    join: { reference: kinds, on: /kind, take: [sign] }\n    k: 10')
  const { verdict, changes } = comparePolicies(compiled(joined), compiled(joined, 'kind,sign\nsale,2\n'))
  assert.deepEqual([verdict, changes.map(({ what }) => what)], ['same', ['the reference table kinds changes']])
})
