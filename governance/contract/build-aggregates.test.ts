import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { rowLevel } from './aggregate.ts'
import { check, policyText, schemaText } from './contract-fixture.ts'
import { formatDiagnostic } from './diagnostic.ts'
import { compileDataset } from './load.ts'

const fields: Record<string, [schema: object, rule: string]> = {
  kind: [{ type: 'string', enum: ['sale', 'refund'] }, '{ level: internal, action: keep }'],
  pieces: [{ type: 'integer' }, '{ level: internal, action: keep }'],
  age: [{ type: 'integer' }, '{ level: internal, action: { generalise: { band: 10 } } }'],
  degrees: [{ type: 'number' }, '{ level: internal, action: { generalise: { grid: 1 } } }'],
  mixed: [{ type: ['integer', 'string', 'null'] }, '{ level: internal, action: keep }'],
  salary: [{ type: 'number' }, '{ level: confidential, action: keep }'],
  card: [{ type: 'string' }, '{ level: confidential, action: mask }'],
  note: [{ type: 'string' }, '{ level: confidential, action: encrypt }'],
  pin: [{ type: 'string' }, '{ level: restricted, action: redact }'],
  salt: [{ type: 'string' }, '{ level: restricted, action: drop }'],
  visit: [{ type: 'string', minLength: 30 }, '{ level: confidential, action: { pseudonymise: { domain: visits } } }'],
  tags: [{ type: 'array', items: { type: 'string' } }, '{ level: internal, action: keep }'],
  items: [
    {
      type: 'array',
      items: { type: 'object', additionalProperties: false, properties: { price: { type: 'number' } } },
    },
    '',
  ],
  extra: [{ type: 'object' }, '{ level: internal, action: drop }'],
}

const schema = JSON.parse(schemaText)
for (const [name, [own]] of Object.entries(fields)) schema.properties[name] = own
const schemaOf = (changed: object) => JSON.stringify({ ...schema, properties: { ...schema.properties, ...changed } })
const rules = Object.entries(fields).flatMap(([name, [, rule]]) => (rule === '' ? [] : `  /${name}: ${rule}\n`))
const policy = policyText.replace(
  'unclassified',
  `  /items/**: { level: internal, action: keep }\n${rules.join('')}unclassified`,
)
/** The line on which the aggregate's second one begins: its window. */
const LINE = policy.split('\n').length + 2

const sound = '{ orders: count }'
const files = (rest: string, measures = sound) => ({
  'policies/orders.yaml': `${policy}aggregates:\n  a:\n    window: { tumbling: 1h }\n    measures: ${measures}\n    ${rest}\n`,
  'schemas/orders/1-0-0.json': JSON.stringify(schema),
})
const errorsOf = async (rest: string, measures = sound, more: Record<string, string> = {}) =>
  (await check({ ...files(rest, measures), ...more })).said.filter(line => line.includes(': error: '))

/** Line and column of what is refused, from the aggregate's window on, and what is said. */
function assertSays(errors: string[], wanted: string): void {
  const [, line, column, rest] = /^\+(\d+):(\d+) (.*)$/.exec(wanted)!
  const start = `policies/orders.yaml:${LINE + Number(line)}:${column}: error: ${rest}`
  assert.ok(errors[0]?.startsWith(start), `${start}\n${errors.join('\n')}`)
}

describe('a measure is refused', () => {
  const cases = [
    ['{ a: { sum: /amont } }', '+1:27 no schema version declares /amont. Fix: Did you mean `/amount`?'],
    ['{ a: { sum: /items/price } }', '+1:27 /items/price lies below the array /items in schema version 1-0-0'],
    ['{ a: { sum: "/items/*/price" } }', '+1:27 /items/*/price lies below the array /items'],
    ['{ a: { sum: /extra/x } }', '+1:27 /extra/x lies inside /extra, which is stored as one value'],
    [
      '{ a: { sum: /buyer } }',
      '+1:27 /buyer in schema version 1-0-0 has parts of its own. Fix: Name one of its fields.',
    ],
    ['{ a: { count: /note } }', '+1:29 a ciphertext is stored at /note (encrypt). Fix: Choose another field'],
    ['{ a: { count: /pin } }', '+1:29 nothing is stored at /pin (redact). Fix: Choose a field that is stored.'],
    ['{ a: { count: /salt } }', '+1:29 nothing is stored at /salt (drop).'],
    [
      '{ a: { sum: /kind } }',
      '+1:27 text is stored at /kind in schema version 1-0-0, and sum needs numbers. Fix: Choose a field that',
    ],
    [
      '{ a: { mean: /mixed } }',
      '+1:28 integer or text is stored at /mixed in schema version 1-0-0, and mean needs numbers',
    ],
    ['{ a: { max: /card } }', '+1:27 text is stored at /card in schema version 1-0-0, and max needs numbers'],
    [
      '{ a: { quantile: { of: /tags, q: 0.5 } } }',
      '+1:38 array is stored at /tags in schema version 1-0-0, and quantile needs numbers',
    ],
    [
      '{ a: { distinct: /tags } }',
      '+1:32 array is stored at /tags in schema version 1-0-0, and distinct needs single values',
    ],
    [
      '{ a: { distinct: /visit } }',
      '+1:32 object is stored at /visit in schema version 1-0-0, and distinct needs single values',
    ],
    [
      '{ a: { min: /salary } }',
      '+1:27 min shows single values, and /salary in schema version 1-0-0 is confidential. Fix: Choose a measure of the whole',
    ],
    ['{ a: { max: /salary } }', '+1:27 max shows single values, and /salary in schema version 1-0-0 is confidential'],
    [
      '{ a: { top: { of: /card, n: 3 } } }',
      '+1:33 top shows single values, and /card in schema version 1-0-0 is confidential',
    ],
    ['{ a: { top: { of: /buyer/email, n: 3 } } }', '+1:33 top would show tokens of persons, from /buyer/email'],
  ]
  for (const [measures, wanted] of cases)
    test(measures!, async () => assertSays(await errorsOf('k: 5', measures), wanted!))
})

describe('a group is refused', () => {
  const cases = [
    ['groupBy: [/kindd]', '+2:15 no schema version declares /kindd. Fix: Did you mean `/kind`?'],
    ['groupBy: [/note]', '+2:15 a ciphertext is stored at /note'],
    [
      'groupBy: [/kind, /buyer/email]',
      '+2:22 each group would be a single person: /buyer/email in schema version 1-0-0 holds tokens. Fix: Choose another field, or write `perPerson: true`',
    ],
    [
      'groupBy: [/buyer/number]',
      '+2:15 each group would be a single person: /buyer/number in schema version 1-0-0 holds tokens.',
    ],
    [
      'groupBy: [/visit]',
      '+2:15 /visit in schema version 1-0-0 holds tokens of the domain `visits`, which join persons and are renewed',
    ],
    ['groupBy: [/tags]', '+2:15 array is stored at /tags in schema version 1-0-0, and a group is one value'],
    [
      'groupBy: [/amount]',
      '+2:15 any number may stand at /amount in schema version 1-0-0, and each would be a group. Fix: Generalise it to a `band`',
    ],
    ['perPerson: true', '+2:16 no field of `groupBy` holds tokens or pseudonyms'],
    ['perPerson: true\n    groupBy: [/kind]', '+2:16 no field of `groupBy` holds tokens or pseudonyms'],
    ['perPerson: true\n    groupBy: [/visit]', '+3:15 /visit in schema version 1-0-0 holds tokens of the domain'],
  ]
  for (const [rest, wanted] of cases) test(rest!, async () => assertSays(await errorsOf(rest!), wanted!))
})

describe('a condition is refused', () => {
  const cases = [
    ['{ pointer: /amont, minimum: 1 }', '+2:23 no schema version declares /amont.'],
    [
      '{ pointer: /kind, minimum: 1 }',
      '+2:23 text is stored at /kind in schema version 1-0-0, and `minimum` and `maximum` need numbers',
    ],
    [
      '{ pointer: /buyer/email, equals: x }',
      '+2:23 /buyer/email in schema version 1-0-0 holds tokens of persons, and a condition would single one out',
    ],
    [
      '{ pointer: /tags, equals: x }',
      '+2:23 array is stored at /tags in schema version 1-0-0, and a condition needs single values',
    ],
    [
      '{ pointer: /pieces, equals: "2" }',
      '+2:23 `2` never stands at /pieces in schema version 1-0-0. Fix: What stands there is integer.',
    ],
    ['{ pointer: /pieces, oneOf: [1, 1.5] }', '+2:23 `1.5` never stands at /pieces'],
    [
      '{ pointer: /kind, oneOf: [sale, refunds] }',
      '+2:23 `refunds` never stands at /kind in schema version 1-0-0. Fix: Did you mean `refund`? Choose among `sale`, `refund`.',
    ],
  ]
  for (const [where, wanted] of cases) test(where!, async () => assertSays(await errorsOf(`where: ${where}`), wanted!))
})

test('what may be read gets the level of what it reads, and rows the strictest of keys and conditions', async () => {
  const measures =
    '{ n: count, some: { count: /tags }, ages: { mean: /age }, least: { min: /degrees }, pay: { quantile: { of: /salary, q: 0.5 } }, mails: { distinct: /buyer/email }, often: { top: { of: /kind } } }'
  const rest =
    'groupBy: [/kind, /age, /degrees, /card]\n    where: [{ pointer: /salary, minimum: 0 }, { pointer: /kind, equals: sale }]'
  const { contracts, said } = await check(files(rest, measures))
  const [found] = contracts.get('orders')?.aggregates ?? assert.fail(said.join('\n'))
  assert.deepEqual(
    found!.measures.map(({ name, level }) => [name, level]),
    [
      ['n', 'internal'],
      ['some', 'internal'],
      ['ages', 'internal'],
      ['least', 'internal'],
      ['pay', 'confidential'],
      ['mails', 'confidential'],
      ['often', 'internal'],
    ],
  )
  assert.deepEqual(
    found!.groupBy.map(({ name, level }) => `${name} ${level}`),
    ['kind internal', 'age internal', 'degrees internal', 'card confidential'],
  )
  assert.deepEqual(found!.where[1], { pointer: '/kind', equals: 'sale', level: 'internal' })
  assert.equal(rowLevel(found!), 'confidential')
})

test('single persons are groups where the policy says so, and k is 1 then', async () => {
  for (const rest of [
    'perPerson: true\n    groupBy: [/buyer/number, /kind]',
    'perPerson: true\n    groupBy: [/buyer/email]',
  ]) {
    const { contracts, said } = await check(files(rest))
    const { k, ...found } = contracts.get('orders')?.aggregates[0] ?? assert.fail(said.join('\n'))
    assert.equal(k, 1)
    assert.equal(rowLevel(found), 'confidential')
    assert.equal(rowLevel({ ...found, groupBy: [] }), 'confidential')
  }
})

test('a field must fit in every version that declares it, and be in the newest of each model', async () => {
  const { kind: _, ...without } = schema.properties
  const next = (properties: object) => JSON.stringify({ ...schema, properties })
  const groups = (versions: Record<string, string>) => errorsOf('groupBy: [/kind]', sound, versions)
  assert.deepEqual(
    await groups({ 'schemas/orders/1-0-0.json': next(without), 'schemas/orders/1-0-1.json': schemaOf({}) }),
    [],
  )
  assertSays(
    await groups({ 'schemas/orders/2-0-0.json': next(without) }),
    '+2:15 /kind is not declared in schema version 2-0-0, the newest of model 2, whose events are still taken. Fix: Choose a field that all models have.',
  )
  assertSays(
    await groups({ 'schemas/orders/1-0-0.json': next(without), 'schemas/orders/2-0-0.json': schemaOf({}) }),
    '+2:15 /kind is not declared in schema version 1-0-0, the newest of model 1',
  )
  assertSays(
    await errorsOf('k: 5', '{ a: { sum: /pieces } }', {
      'schemas/orders/2-0-0.json': schemaOf({ pieces: { type: 'string' } }),
    }),
    '+1:27 text is stored at /pieces in schema version 2-0-0, and sum needs numbers.',
  )
})

describe('a reference table', () => {
  const join = (take: string, reference = 'kinds') =>
    `groupBy: [/kind]\n    join: { reference: ${reference}, on: /kind, take: [${take}] }`
  const table = { 'policies/references/kinds.csv': 'kind,label,sign\nsale,Sale,1\nrefund,"Refund, given",-1\n' }

  test('that is there is joined, and its hash belongs to the contract', async () => {
    const { contracts, said } = await check({ ...files(join('label, sign')), ...table })
    const contract = contracts.get('orders') ?? assert.fail(said.join('\n'))
    assert.deepEqual(contract.aggregates[0]!.join, { reference: 'kinds', on: '/kind', take: ['label', 'sign'] })
    assert.equal(contract.references.get('kinds')?.rows.get('refund')?.label, 'Refund, given')
    assert.match(contract.references.get('kinds')?.sha256 ?? '', /^[0-9a-f]{64}$/)
  })

  test('that is missing, or has no such column, is refused where it is named', async () => {
    assertSays(
      await errorsOf(join('label', 'kind'), sound, table),
      '+3:24 there is no reference table `kind`. Fix: Did you mean `kinds`? Write references/kind.csv beside the policies.',
    )
    assertSays(
      await errorsOf(join('label, lable'), sound, table),
      '+3:56 policies/references/kinds.csv has no column `lable`. Fix: Did you mean `label`? Columns are `kind`, `label`, `sign`.',
    )
  })

  test('that cannot be read is refused at its line, once, and only where it is joined', async () => {
    const broken = { 'policies/references/kinds.csv': 'kind,label\nsale,Sale\nsale,Again\n' }
    assert.deepEqual(await errorsOf(join('label'), sound, broken), [
      'policies/references/kinds.csv:3:1: error: there are two rows for `sale`. Fix: Keep one of the two.',
    ])
    assert.deepEqual(await errorsOf('k: 5', sound, broken), [])
  })

  test('that is called otherwise is not read, and said so', async () => {
    const { said } = await check({ ...files('k: 5'), 'policies/references/kinds.tsv': 'kind\n' })
    assert.ok(
      said.includes(
        'policies/references/kinds.tsv:1:1: warning: this file is not read. Fix: Tables stand in references/<name>.csv.',
      ),
      said.join('\n'),
    )
  })

  test('that is not at hand is taken on trust', () => {
    const found = (path: string, text: string) => ({ path, bytes: Buffer.from(text), sha256: '' })
    const given = files(join('label'))
    const schemas = new Map([['1-0-0', found('1-0-0', given['schemas/orders/1-0-0.json'])]])
    const { contract, diagnostics } = compileDataset('orders', found('p', given['policies/orders.yaml']), schemas, 20)
    assert.ok(contract, diagnostics.map(formatDiagnostic).join('\n'))
    assert.equal(contract.references.size, 0)
  })
})
