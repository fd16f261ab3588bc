import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { compareActions } from './compare-actions.ts'
import { comparePolicies } from './compare-policies.ts'
import type { Contract } from './contract.ts'
import { policyText, policyWith, schemaText, schemaWith } from './contract-fixture.ts'
import { compileDataset } from './load.ts'

function compiled(policy = policyText, schemas: Record<string, string> = { '1-0-0': schemaText }): Contract {
  const found = (path: string, text: string) => ({ path, bytes: Buffer.from(text), sha256: hash('sha256', text) })
  const versions = new Map(Object.entries(schemas).map(([version, text]) => [version, found(version, text)]))
  const { contract, diagnostics } = compileDataset('orders', found('orders.yaml', policy), versions, 20)
  assert.ok(contract, diagnostics.map(({ message }) => message).join('\n'))
  return contract
}

const edited = (from: string, to: string) => {
  const text = policyText.replace(from, to)
  assert.notEqual(text, policyText)
  return text
}

const AMOUNT = '/amount: { level: internal, action: keep }'

/** [what is edited, what it becomes, verdict there, verdict back, what the change says] */
const edits: [string, string, string, string, RegExp][] = [
  [
    AMOUNT,
    '/amount: { level: internal, action: { generalise: { band: 10 } } }',
    'stricter',
    'weaker',
    /keep becomes generalise/,
  ],
  [AMOUNT, '/amount: { level: internal, action: drop }', 'stricter', 'weaker', /keep becomes drop/],
  [AMOUNT, '/amount: { level: confidential, action: keep }', 'stricter', 'weaker', /internal becomes confidential/],
  [AMOUNT, '/amount: { level: public, action: drop }', 'weaker', 'weaker', /keep becomes drop/],
  ['action: pseudonymise }', 'action: { pseudonymise: { domain: mail } } }', 'weaker', 'stricter', /pseudonymise/],
  ['action: pseudonymise }', 'action: encrypt }', 'stricter', 'weaker', /pseudonymise becomes encrypt/],
  ['log: 7d', 'log: 8d', 'weaker', 'stricter', /retention of log goes from 7d to 8d/],
  ['lake: 1095d', 'lake: 26280h', 'same', 'same', /^$/],
  ['revenue reporting', 'advertising', 'weaker', 'weaker', /purpose/],
  ['legalBasis: contract', 'legalBasis: consent', 'weaker', 'weaker', /legal basis goes from contract to consent/],
  ['review:', 'recipients: [a broker]\nreview:', 'weaker', 'stricter', /a new recipient: "a broker"/],
  ['unclassified: encrypt', 'unclassified: drop', 'stricter', 'weaker', /unclassified fields: encrypt becomes drop/],
  ['aliases: [{ type: email, at: /buyer/email }]', 'sentinels: [nobody]', 'weaker', 'weaker', /other names lead/],
  ['id: /buyer/number,', 'id: /buyer/number, sentinels: [nobody],', 'weaker', 'stricter', /count as nobody: 1/],
  ['id: /id', 'id: { at: /id, personal: true }', 'stricter', 'weaker', /counts as personal/],
  ['type: customer', 'type: employee', 'weaker', 'weaker', /is a employee/],
  ['steward: data', 'steward: other', 'same', 'same', /steward changes/],
  ['unclassified:', 'quality: { conformity: 0.9 }\nunclassified:', 'same', 'same', /quality changes/],
]

describe('the verdict on an edit', () => {
  for (const [from, to, there, back, says] of edits)
    test(`${from} -> ${to}: ${there}, and ${back} back`, () => {
      const [a, b] = [compiled(), compiled(edited(from, to))]
      const { verdict, changes } = comparePolicies(a, b)
      assert.equal(verdict, there, JSON.stringify(changes))
      assert.equal(comparePolicies(b, a).verdict, back)
      assert.match(changes.map(({ what }) => what).join('\n'), says)
    })

  test('of a policy that only moved its lines is that nothing changed', () => {
    const { verdict, changes } = comparePolicies(compiled(), compiled(`# a comment\n${policyText}`))
    assert.deepEqual([verdict, changes], ['same', []])
  })

  test('of a new field is weaker unless it is sealed, whatever the version is called', () => {
    const note = schemaWith('"note": { "type": "string" }')
    const versions = { '1-0-0': schemaText, '1-0-1': note }
    assert.deepEqual(comparePolicies(compiled(), compiled(policyText, versions)), {
      verdict: 'same',
      changes: [
        { schema: '1-0-1', pointer: '/note', effect: 'neutral', what: 'it is new: encrypt, level confidential' },
      ],
    })
    for (const rule of ['{ level: confidential, action: keep }', '{ level: public, action: encrypt }'])
      assert.equal(comparePolicies(compiled(), compiled(policyWith(`/note: ${rule}`), versions)).verdict, 'weaker')
    const dropped = policyWith('/note: { level: public, action: drop }')
    assert.equal(comparePolicies(compiled(), compiled(dropped, versions)).verdict, 'same')
    // It is known by then, also to versions that come after.
    const again = { ...versions, '1-0-2': note.replace('"amount"', '"cost": { "type": "null" }, "amount"') }
    const [before, after] = [
      compiled(dropped, versions),
      compiled(policyWith('/note: { level: public, action: redact }'), again),
    ]
    assert.deepEqual(
      comparePolicies(before, after)
        .changes.filter(({ pointer }) => pointer === '/note')
        .map(({ effect }) => effect),
      ['weaker', 'weaker'],
    )
  })

  test('of a computed field is that of a field: what is new, gone, or made otherwise', () => {
    const computed = (how: string, rule: string) =>
      compiled(policyWith(`/made: { ${rule} }`).replace('fields:', `computed: { /made: ${how} }\nfields:`))
    const [open, sealed] = ['level: internal, action: keep', 'level: confidential, action: encrypt']
    const join = '{ join: [/id, /buyer/email] }'
    const all: [Contract, Contract, string, string][] = [
      [compiled(), computed('received', open), 'weaker', 'it is new, and computed: keep, level internal'],
      [compiled(), computed(join, sealed), 'same', 'it is new, and computed: encrypt, level confidential'],
      [computed('received', open), compiled(), 'same', 'it is computed no more'],
      [
        computed('received', open),
        computed('received', 'level: internal, action: drop'),
        'stricter',
        'keep becomes drop',
      ],
      [computed('received', sealed), computed(join, sealed), 'same', 'it is computed otherwise'],
      [computed('{ join: [/id, /at] }', sealed), computed('received', open), 'weaker', 'it is computed otherwise'],
    ]
    for (const [before, after, verdict, what] of all) {
      const comparison = comparePolicies(before, after)
      assert.equal(comparison.verdict, verdict, JSON.stringify(comparison))
      const found = comparison.changes.find(change => change.what === what)
      assert.deepEqual([found?.pointer, found?.schema], ['/made', '1-0-0'], JSON.stringify(comparison))
    }
  })

  test('of a version that is gone is weaker', () => {
    const versions = { '1-0-0': schemaText, '1-0-1': schemaWith('"note": { "type": "string" }') }
    const { verdict, changes } = comparePolicies(compiled(policyText, versions), compiled())
    assert.equal(verdict, 'weaker')
    assert.match(changes[0]!.what, /the schema version is gone/)
  })

  test('sees through one value made of many, and many made of one', () => {
    const schemas = {
      '1-0-0': schemaWith(
        '"box": { "type": "object", "additionalProperties": false, "properties": { "a": { "type": "string" }, "b": { "type": "string" } } }',
      ),
    }
    const boxed = (...rules: string[]) =>
      compiled(
        rules.reduce((text, rule) => policyWith(rule, text), policyText),
        schemas,
      )
    const whole = boxed('/box: { level: confidential, action: drop }')
    const parts = boxed(
      '/box/a: { level: confidential, action: encrypt }',
      '/box/b: { level: confidential, action: drop }',
    )
    const open = comparePolicies(whole, parts)
    assert.deepEqual([open.verdict, open.changes.length, open.changes[0]!.pointer], ['weaker', 1, '/box/a'])
    const closed = comparePolicies(parts, whole)
    assert.deepEqual([closed.verdict, closed.changes.length, closed.changes[0]!.pointer], ['stricter', 1, '/box/a'])
  })
})

const action = fc.constantFrom<unknown>(
  ...['keep', 'redact', 'drop', 'encrypt', 'pseudonymise', 'mask'],
  ...[
    { mask: { keep: 'last', count: 2 } },
    { mask: { keep: 'last', count: 4 } },
    { mask: { keep: 'first', count: 2 } },
  ],
  ...[
    { generalise: { band: 5 } },
    { generalise: { band: 10 } },
    { generalise: { band: 15 } },
    { generalise: { grid: 0.1 } },
  ],
  ...[{ generalise: { date: 'year' } }, { generalise: { date: 'day' } }, { generalise: { network: true } }],
  ...[{ pseudonymise: { domain: 'one' } }, { pseudonymise: { domain: 'two' } }],
)
const writtenAction = action.map(given => {
  const name = typeof given === 'string' ? given : Object.keys(given as object)[0]!
  return {
    name: name as 'keep',
    ...(typeof given !== 'string' && { parameters: (given as Record<string, unknown>)[name] }),
  }
})

describe('the order of actions', () => {
  test('no action differs from itself; none is stricter both ways, and stricter there is weaker back', () => {
    fc.assert(
      fc.property(writtenAction, writtenAction, (a, b) => {
        assert.equal(compareActions(a, a), 'same')
        const [there, back] = [compareActions(a, b), compareActions(b, a)]
        if (there === 'stricter') assert.equal(back, 'weaker')
        assert.equal(there === 'same', back === 'same')
      }),
    )
  })

  test('what is stricter than something stricter is stricter', () => {
    fc.assert(
      fc.property(writtenAction, writtenAction, writtenAction, (a, b, c) => {
        if (compareActions(a, b) === 'stricter' && compareActions(b, c) === 'stricter')
          assert.equal(compareActions(a, c), 'stricter')
      }),
    )
  })
})

test('of any two policies none is stricter both ways, and each is the same as itself', () => {
  const rule = fc.record({ level: fc.constantFrom('public', 'internal', 'confidential', 'restricted'), action })
  const policy = fc
    .record({ amount: rule, log: fc.integer({ min: 1, max: 20 }), recipients: fc.subarray(['a', 'b', 'c']) })
    .map(({ amount, log, recipients }) =>
      compiled(
        policyText
          .replace(AMOUNT, `/amount: ${JSON.stringify(amount)}`)
          .replace('log: 7d', `log: ${log}d`)
          .replace('review:', `recipients: ${JSON.stringify(recipients)}\nreview:`),
      ),
    )
  fc.assert(
    fc.property(policy, policy, (a, b) => {
      assert.deepEqual(comparePolicies(a, a), { verdict: 'same', changes: [] })
      const [there, back] = [comparePolicies(a, b), comparePolicies(b, a)]
      if (there.verdict === 'stricter') assert.equal(back.verdict, 'weaker')
      assert.equal(there.verdict === 'same', back.verdict === 'same')
      assert.equal(there.changes.length, back.changes.length)
    }),
  )
})
