import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { check, policyText, schemaText } from './contract-fixture.ts'
import { noPromises } from './quality.ts'

const fields: Record<string, [schema: object, rule: string]> = {
  kind: [{ type: 'string', enum: ['sale', 'refund'] }, '{ level: internal, action: keep }'],
  price: [{ type: 'number' }, '{ level: confidential, action: keep }'],
  age: [{ type: 'integer' }, '{ level: internal, action: { generalise: { band: 10 } } }'],
  begin: [{ type: 'string', format: 'date' }, '{ level: internal, action: keep }'],
  end: [{ type: ['string', 'null'], format: 'date-time' }, '{ level: public, action: keep }'],
  month: [{ type: 'string', format: 'date' }, '{ level: internal, action: { generalise: { date: month } } }'],
  note: [{ type: 'string' }, '{ level: confidential, action: encrypt }'],
  pin: [{ type: 'string' }, '{ level: restricted, action: drop }'],
  tags: [{ type: 'array', items: { type: 'string' } }, '{ level: internal, action: keep }'],
}
const schema = JSON.parse(schemaText)
for (const [name, [own]] of Object.entries(fields)) schema.properties[name] = own
const rules = Object.entries(fields).map(([name, [, rule]]) => `  /${name}: ${rule}\n`)
const policy = policyText.replace(
  'unclassified',
  `  /at: { level: internal, action: keep }\n${rules.join('')}unclassified`,
)
/** The line of `quality:`. */
const LINE = policy.split('\n').length

const files = (quality: string, base = policy) => ({
  'policies/orders.yaml': `${base}quality:\n${quality.replaceAll(/^/gm, '  ')}\n`,
  'schemas/orders/1-0-0.json': JSON.stringify(schema),
})
const saidOf = async (quality: string) => (await check(files(quality))).said

const built = async (quality: string) => {
  const { contracts, said } = await check(files(quality))
  assert.deepEqual(said, [])
  return contracts.get('orders')!.quality
}

test('a policy that says nothing of quality promises nothing', async () => {
  assert.deepEqual((await check()).contracts.get('orders')!.quality, noPromises)
})

test('promises have levels, and times in milliseconds', async () => {
  const quality = `completeness: { /kind: 1, /buyer/email: 0.99 }
conformity: 0.98
uniqueness: 0.97
timeliness: { within: 10m, share: 0.95 }
skew: 30s
silence: 15m
burst: 5000`
  assert.deepEqual(await built(quality), {
    completeness: [
      { pointer: '/kind', share: 1, level: 'internal' },
      { pointer: '/buyer/email', share: 0.99, level: 'confidential' },
    ],
    conformity: 0.98,
    uniqueness: 0.97,
    timeliness: { withinMs: 600_000, share: 0.95 },
    skewMs: 30_000,
    silenceMs: 900_000,
    burst: 5_000,
    consistency: [],
  })
})

test('rules hold of all events, or of those under a condition; a comparison has the stricter level', async () => {
  const quality = `consistency:
  not-negative: { require: { pointer: /price, minimum: 0 }, share: 0.999 }
  refunds:
    when: [{ pointer: /kind, equals: refund }, { pointer: /amount, maximum: 0 }]
    require:
      - { pointer: /price, minimum: 0, atLeast: /amount }
      - { pointer: /end, atLeast: /begin }
  dated: { require: { pointer: /end, atLeast: /at } }`
  const price = { pointer: '/price', minimum: 0, level: 'confidential' }
  assert.deepEqual((await built(quality)).consistency, [
    { name: 'not-negative', share: 0.999, when: [], require: [price] },
    {
      name: 'refunds',
      share: 1,
      when: [
        { pointer: '/kind', equals: 'refund', level: 'internal' },
        { pointer: '/amount', maximum: 0, level: 'internal' },
      ],
      require: [
        price,
        { pointer: '/price', atLeast: '/amount', level: 'confidential' },
        { pointer: '/end', atLeast: '/begin', level: 'internal' },
      ],
    },
    { name: 'dated', share: 1, when: [], require: [{ pointer: '/end', atLeast: '/at', level: 'internal' }] },
  ])
})

describe('a promise is refused where it stands:', () => {
  const rule = (text: string) => `consistency: { a: ${text} }`
  const cases: [what: string, quality: string, says: string][] = [
    [
      'a misspelt key',
      'conformty: 1',
      '1:3: error: the key `conformty` is not known here. Fix: Did you mean `conformity`?',
    ],
    ['a share of none', 'conformity: 0', '1:15: error: `conformity`: '],
    ['a share above all', 'completeness: { /kind: 1.1 }', '1:26: error: `/kind`: '],
    ['a time without its unit', 'silence: 15', '1:12: error: `silence`: '],
    [
      'a silence nobody sees',
      'silence: 30s',
      '1:12: error: quality is told by the minute: a shorter silence is not seen. Fix: Write `silence: 1m` or more.',
    ],
    [
      'no pointer',
      'completeness: { kind: 1 }',
      '1:19: error: `kind` is no JSON Pointer. Fix: Write it with a slash before each name: /kind.',
    ],
    [
      'a misspelt field',
      'completeness: { /knd: 1 }',
      '1:19: error: no schema version declares /knd. Fix: Did you mean `/kind`?',
    ],
    ['a ciphertext', 'completeness: { /note: 1 }', '1:19: error: a ciphertext is stored at /note (encrypt).'],
    ['what is not stored', 'completeness: { /pin: 1 }', '1:19: error: nothing is stored at /pin (drop).'],
    ['an object', 'completeness: { /buyer: 1 }', '1:19: error: /buyer in schema version 1-0-0 has parts of its own.'],
    [
      'a name with capitals',
      'consistency: { A: { require: { pointer: /price, minimum: 0 } } }',
      '1:18: error: `A` cannot be the name of a rule.',
    ],
    [
      'a rule without its content',
      rule('{ when: { pointer: /price, minimum: 0 } }'),
      '1:21: error: `require` is missing. Fix: Add `require:`.',
    ],
    [
      'a requirement of nothing',
      rule('{ require: { pointer: /price } }'),
      '1:32: error: the condition on /price asks for nothing.',
    ],
    [
      'a value never there',
      rule('{ require: { pointer: /kind, equals: sold } }'),
      '1:43: error: `sold` never stands at /kind in schema version 1-0-0. Fix: Did you mean `sale`?',
    ],
    [
      'a token',
      rule('{ require: { pointer: /buyer/email, equals: a } }'),
      '1:43: error: /buyer/email in schema version 1-0-0 holds tokens of persons',
    ],
    [
      'a misspelt comparison',
      rule('{ require: { pointer: /price, atlest: /amount } }'),
      '1:51: error: the key `atlest` is not known here. Fix: Did you mean `atLeast`?',
    ],
    [
      'a band compared',
      rule('{ require: { pointer: /price, atLeast: /age } }'),
      '1:60: error: what is stored at /age in schema version 1-0-0 is neither a number nor a time that is kept.',
    ],
    [
      'a month compared',
      rule('{ require: { pointer: /end, atLeast: /month } }'),
      '1:58: error: what is stored at /month',
    ],
    [
      'a text compared',
      rule('{ require: { pointer: /kind, atLeast: /begin } }'),
      '1:43: error: what is stored at /kind',
    ],
    [
      'a sealed one compared',
      rule('{ require: { pointer: /note, atLeast: /begin } }'),
      '1:43: error: a ciphertext is stored at /note',
    ],
    [
      'two of different kinds',
      rule('{ require: { pointer: /price, atLeast: /begin } }'),
      '1:60: error: of /price and /begin, one is a number and one a time',
    ],
  ]
  for (const [what, quality, says] of cases)
    test(what, async () => {
      const [error] = await saidOf(quality)
      const [, line, rest] = /^(\d+)(:.*)$/s.exec(says)!
      const start = `policies/orders.yaml:${LINE + Number(line)}${rest}`
      assert.ok(error?.startsWith(start), `${start}\n${error}`)
    })
})
