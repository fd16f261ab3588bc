import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { check, policyText, schemaText } from './contract-fixture.ts'

const fields: Record<string, [schema: object, rule: string]> = {
  first: [{ type: 'string' }, '{ level: confidential, action: encrypt }'],
  last: [{ type: ['string', 'null'] }, '{ level: confidential, action: encrypt }'],
  town: [{ type: 'string' }, '{ level: internal, action: keep }'],
  country: [{ type: 'string' }, '{ level: public, action: keep }'],
  card: [{ type: 'string' }, '{ level: internal, action: { mask: { keep: last, count: 4 } } }'],
  born: [{ type: 'string', format: 'date' }, '{ level: internal, action: { generalise: { date: year } } }'],
  secret: [{ type: 'string' }, '{ level: restricted, action: drop }'],
  pieces: [{ type: 'integer' }, '{ level: internal, action: keep }'],
  tags: [{ type: 'array', items: { type: 'string' } }, '{ level: internal, action: keep }'],
  extra: [{ type: 'object' }, '{ level: internal, action: drop }'],
  payeeId: [{ type: 'string' }, ''],
  payeeName: [{ type: 'string' }, '{ level: confidential, action: encrypt, of: payee }'],
  payeeBorn: [{ type: 'string' }, '{ level: confidential, action: drop, of: payee }'],
}
const schema = JSON.parse(schemaText)
for (const [name, [own]] of Object.entries(fields)) schema.properties[name] = own

/** Lines of the policy up to its computed fields. */
const LINE = policyText.split('\n').indexOf('fields:') + 2

function files(computed: string[], rules: string[], changed: object = {}) {
  const known = Object.entries(fields).flatMap(([name, [, rule]]) => (rule === '' ? [] : `  /${name}: ${rule}`))
  const policy = policyText
    .replace('fields:\n', `    - { name: payee, type: customer, id: /payeeId }\ncomputed:\n${lines(computed)}fields:\n`)
    .replace('unclassified:', `${lines(rules)}${known.join('\n')}\nunclassified:`)
  return {
    'policies/orders.yaml': policy,
    'schemas/orders/1-0-0.json': JSON.stringify({ ...schema, properties: { ...schema.properties, ...changed } }),
  }
}

const lines = (all: string[]) => all.map(line => `  ${line}\n`).join('')

const errorsOf = async (computed: string[], rules: string[] = []) =>
  (await check(files(computed, rules))).said.filter(line => !line.includes('review'))

const sealed = (name: string) => `/${name}: { level: confidential, action: encrypt }`

describe('a computed field is refused where it stands', () => {
  const cases: [label: string, computed: string, says: string][] = [
    [
      'a declared name',
      '/town: received',
      '+0:3: error: schema version 1-0-0 declares /town: producers send it. Fix: Choose',
    ],
    [
      'no pointer',
      'full: received',
      '+0:3: error: `full` is no JSON Pointer. Fix: Write it with a slash before it: /full.',
    ],
    [
      'a deep one',
      '/a/b: received',
      '+0:3: error: `/a/b` lies deeper than an event’s own members. Fix: Write one name, such as /b.',
    ],
    ['a name of JavaScript’s', '/__proto__: received', '+0:3: error: a field may not be called `__proto__`.'],
    [
      'a misspelt way',
      '/x: recieved',
      '+0:7: error: nothing says how this field is computed. Fix: Did you mean `received`? Choose one of `join`, `years`, `received`.',
    ],
    [
      'a misspelt way with parts',
      '/x: { jion: [/first, /last] }',
      '+0:7: error: nothing says how this field is computed. Fix: Did you mean `join`?',
    ],
    [
      'an unknown key',
      '/x: { join: [/first, /last], seperator: "-" }',
      '+0:32: error: the key `seperator` is not known here. Fix: Did you mean `separator`?',
    ],
    ['one text alone', '/x: { join: [/first] }', '+0:15: error: `join`: '],
    [
      'a misspelt source',
      '/x: { join: [/first, /contry] }',
      '+0:24: error: no schema version declares /contry. Fix: Did you mean `/country`?',
    ],
    [
      'a misspelt date',
      '/x: { years: { since: /bron } }',
      '+0:25: error: no schema version declares /bron. Fix: Did you mean `/born`?',
    ],
    [
      'a number joined',
      '/x: { join: [/first, /pieces] }',
      '+0:24: error: `join` reads texts, and /pieces may be of type integer in schema version 1-0-0.',
    ],
    [
      'an object',
      '/x: { join: [/first, /buyer] }',
      '+0:24: error: `join` reads texts, and /buyer may be of type object in schema version 1-0-0.',
    ],
    [
      'years of a number',
      '/x: { years: { since: /pieces } }',
      '+0:25: error: `years` reads texts, and /pieces may be of type',
    ],
    [
      'below an array',
      '/x: { join: [/first, "/tags/0"] }',
      '+0:24: error: /tags/0 lies below the array /tags in schema version 1-0-0',
    ],
    [
      'inside what is open',
      '/x: { join: [/first, /extra/a] }',
      '+0:24: error: /extra/a lies inside /extra, where schema version 1-0-0 lets anything stand.',
    ],
    [
      'one of its own',
      '/x: { join: [/first, /x] }',
      '+0:24: error: /x is computed itself. Fix: Name the declared fields',
    ],
  ]
  for (const [label, computed, says] of cases)
    test(label, async () => {
      const [error] = await errorsOf([computed], [sealed('x')])
      const [, line, rest] = /^\+(\d+)(:.*)$/.exec(says)!
      const start = `policies/orders.yaml:${LINE + 1 + Number(line)}${rest}`
      assert.ok(error?.startsWith(start), `${start}\n${error}`)
    })

  test('made of another computed one', async () => {
    const [error] = await errorsOf(['/x: received', '/y: { join: [/x, /first] }'], [sealed('x'), sealed('y')])
    assert.match(error!, /\/x is computed itself/)
  })

  test('that is misspelt is told once, and not of its rule too', async () => {
    assert.equal((await errorsOf(['/x: { years: { since: /bron } }'], [sealed('x')])).length, 1)
  })
})

describe('computing leads around no protection:', () => {
  const cases: [computed: string, rule: string, says: RegExp | undefined][] = [
    ['{ join: [/first, /last] }', '{ level: confidential, action: encrypt }', undefined],
    ['{ join: [/town, /country] }', '{ level: internal, action: keep }', undefined],
    ['{ join: [/town, /country] }', '{ level: internal, action: mask }', undefined],
    [
      '{ join: [/town, /country] }',
      '{ level: public, action: keep }',
      /\/x is public, and made of \/town, which is internal. Fix: Write `level: internal`/,
    ],
    [
      '{ join: [/town, /first] }',
      '{ level: internal, action: encrypt }',
      /\/x is internal, and made of \/first, which is confidential/,
    ],
    [
      '{ join: [/town, /first] }',
      '{ level: confidential, action: keep }',
      /\/x is stored by keep, which would tell more of \/first than encrypt does. Fix: Write `action: encrypt`/,
    ],
    [
      '{ join: [/town, /first] }',
      '{ level: confidential, action: pseudonymise }',
      /stored by pseudonymise, which would tell more of \/first/,
    ],
    [
      '{ join: [/town, /first] }',
      '{ level: confidential, action: { mask: { keep: last, count: 2 } } }',
      /tell more of \/first/,
    ],
    // The last four of both may be all of the card's.
    [
      '{ join: [/town, /card] }',
      '{ level: internal, action: { mask: { keep: last, count: 4 } } }',
      /tell more of \/card/,
    ],
    ['{ join: [/town, /card] }', '{ level: internal, action: encrypt }', undefined],
    [
      '{ join: [/town, /secret] }',
      '{ level: restricted, action: encrypt }',
      /tell more of \/secret than drop does. Fix: Leave \/secret out of it/,
    ],
    ['{ years: { since: /born } }', '{ level: internal, action: { generalise: { band: 10 } } }', undefined],
    [
      '{ years: { since: /born } }',
      '{ level: public, action: { generalise: { band: 10 } } }',
      /\/x is public, and made of \/born/,
    ],
    [
      '{ years: { since: /born } }',
      '{ level: internal, action: keep }',
      /tell more of \/born than generalise {"date":"year"} does. Fix: Write `action: { generalise/,
    ],
    ['{ years: { since: /secret } }', '{ level: restricted, action: { generalise: { band: 10 } } }', undefined],
    ['{ years: { since: /town } }', '{ level: internal, action: pseudonymise }', /can be guessed from its tokens/],
    [
      '{ join: [/first, /payeeName] }',
      '{ level: confidential, action: encrypt }',
      /about the buyer, and made of \/payeeName, which is about the payee/,
    ],
    ['{ join: [/payeeName, /payeeId] }', '{ level: confidential, action: encrypt, of: payee }', undefined],
    [
      '{ years: { since: /payeeBorn } }',
      '{ level: confidential, action: { generalise: { band: 10 } }, of: payee }',
      undefined,
    ],
    [
      '{ years: { since: /payeeBorn } }',
      '{ level: confidential, action: { generalise: { band: 10 } } }',
      /about the payee/,
    ],
    ['received', '{ level: public, action: keep }', undefined],
    ['received', '{ level: internal, action: drop }', /warning: \/x is computed, and nothing of it is stored \(drop\)/],
  ]
  for (const [computed, rule, says] of cases)
    test(`${computed} under ${rule}`, async () => {
      const said = await errorsOf([`/x: ${computed}`], [`/x: ${rule}`])
      if (says) assert.match(said.join('\n'), says)
      else assert.deepEqual(said, [])
    })
})

test('a field nobody classified is sealed; where such fields are rejected it is an error', async () => {
  const { contracts, said } = await check(files(['/x: { join: [/first, /last] }'], []))
  assert.deepEqual(said, [])
  const { fields, coverage, derived } = contracts.get('orders')!.versions.get('1-0-0')!
  const field = fields.find(({ pointer }) => pointer === '/x')!
  assert.deepEqual([field.level, field.actionName, field.source], ['confidential', 'encrypt', 'unclassified'])
  assert.deepEqual(field.computed, { join: ['/first', '/last'] })
  assert.equal(coverage.declared - coverage.classified, 2)
  assert.equal(Object.keys(derived.properties as object).at(-1), 'x')

  const rejecting = files(['/x: received'], [])
  rejecting['policies/orders.yaml'] = rejecting['policies/orders.yaml'].replace(
    'unclassified: encrypt',
    'unclassified: reject',
  )
  const [error] = (await check(rejecting)).said
  assert.match(
    error!,
    /\/x is computed, and nobody has classified it: no event could be sent without it. Fix: Add a rule for \/x\./,
  )
})

test('an event may not hold a computed field, and is not judged by one', async () => {
  const { contracts } = await check(files(['/x: received'], ['/x: { level: internal, action: keep }']))
  const version = contracts.get('orders')!.versions.get('1-0-0')!
  const event = { buyer: { number: '1' }, payeeId: '2' }
  assert.deepEqual(version.validate(event), [])
  assert.equal(version.validate({ ...event, x: '2026-11-21T00:00:00Z' })[0]?.keyword, 'additionalProperties')
  const stored = version.compute({ town: 'Lille' }, { time: '', receivedAt: '2026-11-21T00:00:00.000Z' })
  assert.deepEqual(stored, { town: 'Lille', x: '2026-11-21T00:00:00.000Z' })
})

test('a version that declares none of its sources has no such field, and what reads it says so', async () => {
  const rule = '{ level: internal, action: keep }'
  const changed = files(
    ['/place: { join: [/town, /country] }', '/since: received'],
    [`/place: ${rule}`, `/since: ${rule}`],
  )
  const { town: _, country: __, ...properties } = schema.properties
  const measures = '{ n: { count: /since }, m: { count: /place } }'
  changed['policies/orders.yaml'] += `aggregates: { a: { window: { tumbling: 1h }, measures: ${measures} } }\n`
  const later = JSON.stringify({ ...schema, properties })
  const { said } = await check({ ...changed, 'schemas/orders/2-0-0.json': later })
  assert.equal(said.length, 1, said.join('\n'))
  assert.match(said[0]!, /\/place is not declared in schema version 2-0-0/)
})

test('an aggregate reads a computed field as what is stored of it', async () => {
  const rule = '/age: { level: internal, action: { generalise: { band: 10 } } }'
  const changed = files(['/age: { years: { since: /born } }'], [rule])
  changed['policies/orders.yaml'] +=
    'aggregates: { a: { window: { tumbling: 1h }, groupBy: [/age], measures: { m: { mean: /age } } } }\n'
  const { contracts, said } = await check(changed)
  assert.deepEqual(said, [])
  assert.equal(contracts.get('orders')!.aggregates[0]!.measures[0]!.level, 'internal')
})

test('the event section cannot point to what is computed', async () => {
  const changed = files(['/x: received'], ['/x: { level: internal, action: keep }'])
  changed['policies/orders.yaml'] = changed['policies/orders.yaml'].replace('at: /at', 'at: /x')
  assert.match((await check(changed)).said[0]!, /there is no `\/x` in schema version 1-0-0/)
})
