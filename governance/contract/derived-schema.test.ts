import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import type { JsonObject } from '../../storage/json.ts'
import type { JsonSchema } from '../../storage/registry/registry.ts'
import { sampleProfiles } from '../../test/fixtures.ts'
import type { Level } from '../classification/taxonomy.ts'
import { personKeys } from '../protection/person-keys.ts'
import { protect } from '../protection/protect.ts'
import { classify } from './classify.ts'
import { compileSchema } from './compile-schema.ts'
import { check, policyText, policyWith, schemaText, schemaWith } from './contract-fixture.ts'
import { derivedSchema } from './derived-schema.ts'
import { type Diagnostic, reportInto } from './diagnostic.ts'
import { loadContracts } from './load.ts'
import { readAction } from './read-action.ts'
import type { ReadPolicy } from './read-policy.ts'
import { memberNames, rootSchema, validObject } from './schema-arbitrary.ts'
import { schemaTree } from './schema-tree.ts'
import { parseSource } from './source-file.ts'

const origin = { dataset: 'orders', schema: '1-0-0', schemaSha256: 'x', policySha256: 'y' }
const nowhere = parseSource(
  { path: 'policies/orders.yaml', bytes: Buffer.from(''), sha256: '' },
  'yaml',
  reportInto([]),
)
const keys = personKeys(Buffer.alloc(32, 7))
const person = { dataset: 'orders', eventId: 'e', keys, pseudonym: undefined, domainKeys: () => [] }

const written = ['keep', 'encrypt', 'mask', 'redact', 'drop', 'pseudonymise', { generalise: { band: 10 } }]

const rule = fc
  .record({
    tokens: fc.array(fc.constantFrom(...memberNames, '*', '**'), { minLength: 1, maxLength: 4 }),
    action: fc.constantFrom(...written),
    level: fc.constantFrom<Level[]>('public', 'restricted'),
    of: fc.constantFrom('payer', 'payee'),
  })
  .map(({ tokens, action, ...rest }) => ({
    ...rest,
    tokens,
    pattern: `/${tokens.join('/')}`,
    action: readAction(nowhere, [], action, reportInto([]))!,
    at: nowhere.at(),
  }))

/** As much of a policy as classification reads. */
function policyOf(rules: ReadPolicy['rules']): ReadPolicy {
  const event = { subjects: [{ name: 'payer' }, { name: 'payee' }] }
  return {
    policy: { event } as unknown as ReadPolicy['policy'],
    rules,
    computed: [],
    aggregates: [],
    quality: { completeness: [], skewMs: 0, consistency: [] },
    source: nowhere,
  }
}

function classified(root: JsonSchema, rules: ReadPolicy['rules']) {
  const diagnostics: Diagnostic[] = []
  const tree = schemaTree(root)
  const version = { root, tree, annotations: new Map(), eventRules: new Map(), computed: new Map() }
  const use = { matched: new Set<never>(), decided: new Set<never>() }
  return { tree, diagnostics, ...classify(version, policyOf(rules), use, reportInto(diagnostics)) }
}

test('every protected event is valid under the derived schema, whatever the rules and whoever is erased', () => {
  const sample = rootSchema.chain(root =>
    fc.tuple(
      fc.constant(root),
      fc.array(rule, { maxLength: 5 }),
      fc.array(validObject(root), { minLength: 1, maxLength: 5 }),
    ),
  )
  fc.assert(
    fc.property(sample, fc.boolean(), ([root, rules, events], isErased) => {
      const { tree, plan } = classified(root, rules)
      const isValid = compileSchema(derivedSchema(root, tree, plan, origin), 'all')
      const context = { primary: person, others: new Map(), redacted: new Set(isErased ? ['payee'] : []) }
      for (const event of events) {
        assert.ok(isValid(protect(plan, event, context)), JSON.stringify(isValid.errors))
      }
    }),
    { numRuns: 150 },
  )
})

test('the rule that decides a field is the one a naive reading finds', () => {
  let compared = 0
  fc.assert(
    fc.property(rootSchema, fc.array(rule, { maxLength: 6 }), (root, rules) => {
      const named = rules.map((rule, i) => ({ ...rule, category: `rule ${i}` }))
      const { fields, diagnostics } = classified(root, named)
      if (diagnostics.length > 0) return
      compared += fields.length
      for (const { pointer, category } of fields) assert.equal(category, naiveWinner(named, pointer)?.category)
    }),
    { numRuns: 300 },
  )
  assert.ok(compared > 300)
})

/** Patterns as regular expressions over the pointer; more names, then more tokens, then fewer `**` win. */
function naiveWinner(rules: { tokens: string[]; category: string }[], pointer: string) {
  const escaped = (token: string) =>
    token
      .replaceAll('~', '~0')
      .replaceAll('/', '~1')
      .replace(/[$"^.|?*+()[{]/g, '\\$&')
  const expression = (tokens: string[]) =>
    tokens.map(token => (token === '**' ? '(/[^/]*)+' : token === '*' ? '/[^/]*' : `/${escaped(token)}`)).join('')
  const many = (tokens: string[]) => tokens.filter(token => token === '**').length
  const names = (tokens: string[]) => tokens.filter(token => token !== '*').length - many(tokens)
  return rules
    .filter(({ tokens }) => new RegExp(`^${expression(tokens)}$`).test(pointer))
    .sort(({ tokens: a }, { tokens: b }) => names(b) - names(a) || b.length - a.length || many(a) - many(b))[0]
}

const derivedOf = async (policy: string, schema: string) => {
  const { contracts, said } = await check({ 'policies/orders.yaml': policy, 'schemas/orders/1-0-0.json': schema })
  assert.deepEqual(said, [])
  return contracts.get('orders')!.versions.get('1-0-0')!
}

test('a derived schema is closed, keeps what is kept, leaves out what is dropped, and says where it comes from', async () => {
  const { derived, schemaSha256 } = await derivedOf(
    policyWith('/note: { level: internal, action: drop }\n  /kept: { level: public, action: keep }'),
    schemaWith(
      '"note": { "type": "string" }, "kept": { "description": "gone", "$ref": "#/$defs/code" }',
      schemaText.replace(
        '"required": ["buyer"]',
        '"title": "Order", "$defs": { "code": { "type": "string", "maxLength": 3 } },\n  "required": ["buyer", "note", "kept"]',
      ),
    ),
  )
  const { $schema, title, type, additionalProperties, required, properties } = derived as JsonObject
  assert.deepEqual([title, type, additionalProperties, required], ['Order', 'object', false, ['kept', 'buyer']])
  assert.match($schema as string, /2020-12/)
  assert.deepEqual((derived['x-ecluse'] as { schemaSha256: string }).schemaSha256, schemaSha256)
  assert.deepEqual(Object.keys(properties as JsonObject), ['kept', 'id', 'at', 'amount', 'buyer'])
  assert.deepEqual((properties as JsonObject).kept, { type: 'string', maxLength: 3 })
})

test('a place that may be a text or an object has a rule for the text and rules for the members', async () => {
  const street =
    '"street": { "oneOf": [{ "type": "string" }, { "type": "object", "additionalProperties": false, "properties": { "name": { "type": "string" }, "number": { "type": "integer" } } }] }'
  const rules =
    '/street: { level: restricted, action: redact }\n  /street/number: { level: public, action: keep }\n  /street/name: { level: restricted, action: drop }'
  const { plan, derived } = await derivedOf(policyWith(rules), schemaWith(street))
  const node = plan.members!.get('street')!
  assert.deepEqual([node.whole, node.rule?.actionName], [false, 'redact'])
  assert.deepEqual(
    [...node.members!].map(([name, { rule }]) => [name, rule?.actionName]),
    [
      ['name', 'drop'],
      ['number', 'keep'],
    ],
  )
  assert.deepEqual((derived.properties as Record<string, unknown>).street, {
    anyOf: [
      { type: 'null' },
      { type: 'object', properties: { number: { type: 'integer' } }, additionalProperties: false },
    ],
  })
  const whole = await derivedOf(policyWith('/street: { level: restricted, action: redact }'), schemaWith(street))
  assert.equal(whole.plan.members!.get('street')!.whole, true)
})

test('null in the place of an object is kept as null', async () => {
  const { plan, derived, coverage } = await derivedOf(
    policyWith('"/o/**": { level: restricted, action: drop }'),
    schemaWith(
      '"o": { "type": ["object", "null"], "additionalProperties": false, "properties": { "a": { "type": "string" } } }',
    ),
  )
  assert.equal(plan.members!.get('o')!.rule?.actionName, 'keep')
  assert.equal(coverage.declared, 6)
  assert.deepEqual((derived.properties as Record<string, unknown>).o, {
    anyOf: [{ type: ['null'] }, { type: 'object', properties: {}, additionalProperties: false }],
  })
})

test('what nobody classified is confidential and gets the policy’s default; an annotation alone means encrypt', async () => {
  const { fields } = await derivedOf(
    policyText.replace('unclassified: encrypt', 'unclassified: reject'),
    schemaWith(
      '"f": { "type": "string", "confluent:tags": ["SENSITIVE"] }, "g": { "type": "string", "x-ecluse": { "category": "user.name", "action": "redact" } }',
    ),
  )
  const rules = Object.fromEntries(
    fields.map(({ pointer, actionName, level, source }) => [pointer, [actionName, level, source]]),
  )
  assert.deepEqual(rules, {
    '/f': ['encrypt', 'restricted', 'schema'],
    '/g': ['redact', 'confidential', 'schema'],
    '/id': ['keep', 'internal', 'event'],
    '/at': ['reject', 'confidential', 'unclassified'],
    '/amount': ['keep', 'internal', 'policy'],
    '/buyer/number': ['pseudonymise', 'confidential', 'event'],
    '/buyer/email': ['pseudonymise', 'confidential', 'policy'],
  })
})

test('an annotation on an object holds for all its fields, unless they have their own', async () => {
  const { fields } = await derivedOf(
    policyText,
    schemaWith(
      '"o": { "type": "object", "additionalProperties": false, "x-ecluse": { "level": "restricted", "action": "drop" }, "properties": { "a": { "type": "string" }, "b": { "type": "string", "x-ecluse": { "action": "redact" } } } }',
    ),
  )
  const actionOf = (pointer: string) => fields.find(field => field.pointer === pointer)?.actionName
  assert.deepEqual([actionOf('/o/a'), actionOf('/o/b')], ['drop', 'redact'])
})

test('the project’s own profiles are valid under the derived schema once they are computed and protected', async () => {
  const root = join(import.meta.dirname, '../..')
  const dirs = { schemasDir: join(root, 'schemas'), policiesDir: join(root, 'policies') }
  const { contracts } = await loadContracts({ ...dirs, maxViolations: 20 })
  const { derived, compute, plan } = contracts.get('user-profiles')!.versions.get('1-0-0')!
  const validate = compileSchema(derived, 'first')
  const moments = { time: '2026-11-21T12:00:00.000Z', receivedAt: '2026-11-21T12:00:00.000Z' }
  const context = { primary: person, others: new Map(), redacted: new Set<string>() }
  for (const profile of sampleProfiles) {
    const stored = protect(plan, compute(profile, moments), context)
    assert.ok(validate(stored), JSON.stringify(validate.errors))
    assert.match(stored.full_name as string, /^enc1\./)
    assert.match(stored.age as string, /^\[\d+, \d+\)$/)
    assert.equal(stored.ingestion_time, moments.receivedAt)
  }
})
