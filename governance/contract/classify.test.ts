// Classification: what `ecluse check` says of rules and fields, and which rule decides.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, policyText, policyWith, schemaWith } from './contract-fixture.ts'

const policy = (text: string) => ({ 'policies/orders.yaml': text })
const schema = (text: string) => ({ 'schemas/orders/1-0-0.json': text })
const withField = (property: string, rule: string) => ({ ...policy(policyWith(rule)), ...schema(schemaWith(property)) })
const withoutSubjects = policyText.replace(/ {2}subjects:\n.*\n/, '  subjects: []\n')

const promises: [promise: string, files: Record<string, string | Buffer | undefined>, said: string[]][] = [
  [
    'a rule for a field that does not exist is refused and the right one suggested',
    policy(policyWith('/amuont: { level: internal, action: keep }')),
    [
      'policies/orders.yaml:16:3: error: `/amuont` matches nothing in the schema. Fix: Did you mean `/amount`? Name a property the schema declares.',
    ],
  ],
  [
    'two rules that are equally specific are refused, and both are named',
    {
      ...policy(
        policyWith('"/**/x/**": { level: internal, action: keep }\n  "/**/y/**": { level: internal, action: redact }'),
      ),
      ...schema(
        schemaWith(
          '"x": { "type": "object", "additionalProperties": false, "properties": { "y": { "type": "object", "additionalProperties": false, "properties": { "x": { "type": "object", "additionalProperties": false, "properties": { "y": { "type": "object", "additionalProperties": false, "properties": { "z": { "type": "null" } } } } } } } } }',
        ),
      ),
    },
    [
      'policies/orders.yaml:17:3: error: `/**/x/**` (policies/orders.yaml:16:3) and `/**/y/**` are equally specific for /x/y/x/y. Fix: Add a rule for `/x/y/x/y` itself.',
      'policies/orders.yaml:17:3: error: `/**/x/**` (policies/orders.yaml:16:3) and `/**/y/**` are equally specific for /x/y/x/y/z. Fix: Add a rule for `/x/y/x/y/z` itself.',
    ],
  ],
  [
    'two equally specific rules that say the same are fine',
    {
      ...policy(
        policyWith('"/**/x/**": { level: internal, action: keep }\n  "/**/y/**": { level: internal, action: keep }'),
      ),
      ...schema(
        schemaWith(
          '"o": { "type": "object", "additionalProperties": false, "properties": { "x": { "type": "object", "additionalProperties": false, "properties": { "y": { "type": "object", "additionalProperties": false, "properties": { "z": { "type": "null" } } } } } } }',
        ),
      ),
    },
    [],
  ],
  [
    'a named domain is a warning that says what it costs',
    withField('"f": { "type": "string" }', '/f: { level: internal, action: { pseudonymise: { domain: marketing } } }'),
    [
      "policies/orders.yaml:16:3: warning: in the domain `marketing` equal values of /f have equal tokens across people and datasets, and keep them after an erasure until the domain's key rotates out. Fix: Leave the domain out unless you need that join.",
    ],
  ],
  [
    'an open object without a rule is refused',
    schema(schemaWith('"m": { "type": "object" }')),
    [
      'policies/orders.yaml:13:1: error: /m may hold names or values that nobody declared, and no rule says what becomes of it as a whole. Fix: Add `/m: { level: confidential, action: encrypt }`, or close it with additionalProperties: false in the schema.',
    ],
  ],
  [
    'a rule for all below an open object is no rule for the object',
    withField('"m": { "type": "object" }', '"/m/**": { level: internal, action: keep }'),
    [
      'policies/orders.yaml:13:1: error: /m may hold names or values that nobody declared, and no rule says what becomes of it as a whole. Fix: Add `/m: { level: confidential, action: encrypt }`, or close it with additionalProperties: false in the schema.',
      'policies/orders.yaml:16:3: error: `/m/**` lies inside /m, which can only be treated as one value. Fix: Let one rule for `/m` speak of all of it, or declare its properties in the schema.',
    ],
  ],
  [
    'keep with ** over an open sub-schema is refused',
    withField(
      '"m": { "type": "object", "additionalProperties": { "type": "string" } }',
      '"/**": { level: internal, action: keep }',
    ),
    [
      'policies/orders.yaml:16:3: error: /m may hold names or values that nobody declared: keep cannot be applied to it. Fix: Add `/m: { level: confidential, action: encrypt }` (or drop or redact), or close the schema there with additionalProperties: false.',
    ],
  ],
  [
    'generalise over an open object is refused',
    withField(
      '"m": { "type": "object", "patternProperties": { "^a": {} } }',
      '/m: { level: internal, action: { generalise: { date: year } } }',
    ),
    [
      'policies/orders.yaml:16:3: error: /m may hold names or values that nobody declared: generalise cannot be applied to it. Fix: Add `/m: { level: confidential, action: encrypt }` (or drop or redact), or close the schema there with additionalProperties: false.',
    ],
  ],
  [
    'an open object that the schema itself classifies needs no rule',
    schema(schemaWith('"m": { "type": "object", "x-ecluse": { "level": "restricted" } }')),
    [],
  ],
  [
    'a rule inside an open object is refused',
    withField(
      '"m": { "type": "object" }',
      '/m: { level: internal, action: encrypt }\n  /m/x: { level: internal, action: keep }',
    ),
    [
      'policies/orders.yaml:17:3: error: `/m/x` lies inside /m, which can only be treated as one value. Fix: Let one rule for `/m` speak of all of it, or declare its properties in the schema.',
    ],
  ],
  [
    'a field of any type without a rule is refused',
    schema(schemaWith('"m": {}')),
    [
      'policies/orders.yaml:13:1: error: /m may hold names or values that nobody declared, and no rule says what becomes of it as a whole. Fix: Add `/m: { level: confidential, action: encrypt }`, or close it with additionalProperties: false in the schema.',
    ],
  ],
  [
    'an array of anything without a rule for its items is refused',
    schema(schemaWith('"m": { "type": "array" }')),
    [
      'policies/orders.yaml:13:1: error: /m/* may hold names or values that nobody declared, and no rule says what becomes of it as a whole. Fix: Add `/m/*: { level: confidential, action: encrypt }`, or close it with additionalProperties: false in the schema.',
    ],
  ],
  [
    'a schema that holds itself is one value and needs one rule',
    schema(
      schemaWith('"m": { "$ref": "#/$defs/t" }').replace(
        '"required": ["buyer"]',
        '"$defs": { "t": { "type": "object", "additionalProperties": false, "properties": { "v": { "type": "string" }, "next": { "$ref": "#/$defs/t" } } } },\n  "required": ["buyer"]',
      ),
    ),
    [
      'policies/orders.yaml:13:1: error: /m/next holds itself, and no rule says what becomes of it as a whole. Fix: Add `/m/next: { level: confidential, action: encrypt }`, or close it with additionalProperties: false in the schema.',
    ],
  ],
  [
    'a rule inside what another rule treats as one value is refused',
    policy(policyWith('/buyer: { level: restricted, action: encrypt }')),
    [
      'policies/orders.yaml:15:3: error: `/buyer/email` speaks of a part of /buyer, which `/buyer` (policies/orders.yaml:16:3) treats as one value. Fix: Write `/buyer/**` for the rest of it, or take one of the two rules away.',
    ],
  ],
  [
    'keep of an object as a whole is refused and ** suggested',
    withField(
      '"o": { "type": "object", "additionalProperties": false, "properties": { "a": { "type": "string" } } }',
      '/o: { level: internal, action: keep }',
    ),
    [
      'policies/orders.yaml:16:3: error: /o has parts of its own: keep needs a rule for each, or one for all of them. Fix: Write `/o/**`.',
    ],
  ],
  [
    'keep of a list of numbers as a whole is fine',
    withField('"o": { "type": "array", "items": { "type": "integer" } }', '/o: { level: internal, action: keep }'),
    [],
  ],
  [
    'mask of a list is refused',
    withField('"o": { "type": "array", "items": { "type": "integer" } }', '/o: { level: internal, action: mask }'),
    [
      'policies/orders.yaml:16:3: error: /o has parts of its own: mask needs a rule for each, or one for all of them. Fix: Write `/o/**`.',
    ],
  ],
  [
    'schema and policy must not name categories of two branches',
    withField(
      '"f": { "type": "string", "x-ecluse": { "category": "user.contact.email" } }',
      '/f: { category: user.name, level: internal, action: redact }',
    ),
    [
      'policies/orders.yaml:16:3: error: `/f` contradicts the schema (schemas/orders/1-0-0.json:7:30) for /f: the schema says user.contact.email, the policy user.name. Fix: Agree on one category.',
    ],
  ],
  [
    'the policy may name a more precise category than the schema',
    withField(
      '"f": { "type": "string", "x-ecluse": { "category": "user.contact" } }',
      '/f: { category: user.contact.email, level: confidential, action: redact }',
    ),
    [],
  ],
  [
    'the policy must not lower the schema’s level',
    withField('"f": { "type": "string", "confluent:tags": ["SENSITIVE"] }', '/f: { level: internal, action: redact }'),
    [
      'policies/orders.yaml:16:3: error: `/f` contradicts the schema (schemas/orders/1-0-0.json:7:30) for /f: the schema says restricted, the policy only internal. Fix: Write `level: restricted`.',
    ],
  ],
  [
    'what the schema tags as PII is not kept',
    withField('"f": { "type": "string", "confluent:tags": ["PII"] }', '/f: { level: restricted, action: keep }'),
    [
      'policies/orders.yaml:16:3: error: `/f` contradicts the schema (schemas/orders/1-0-0.json:7:30) for /f: it is tagged as personal or sensitive, and the policy keeps it. Fix: Choose another action than keep.',
    ],
  ],
  [
    'schema and policy must not name two actions',
    withField(
      '"f": { "type": "string", "x-ecluse": { "action": "redact" } }',
      '/f: { level: restricted, action: drop }',
    ),
    [
      'policies/orders.yaml:16:3: error: `/f` contradicts the schema (schemas/orders/1-0-0.json:7:30) for /f: the schema says redact, the policy drop. Fix: Agree on one action.',
    ],
  ],
  [
    'a rule for a whole must respect what the schema says of its parts',
    withField(
      '"o": { "type": "array", "items": { "type": "string", "confluent:tags": ["PII"] } }',
      '/o: { level: restricted, action: keep }',
    ),
    [
      'policies/orders.yaml:16:3: error: `/o` contradicts the schema (schemas/orders/1-0-0.json:7:58) for /o/*: it is tagged as personal or sensitive, and the policy keeps it. Fix: Choose another action than keep.',
    ],
  ],
  [
    'an annotation is checked like a rule, and each problem reported',
    schema(
      schemaWith(
        '"f": { "type": "string", "x-ecluse": { "categroy": "user.name", "level": "hi", "action": "enrypt" } }',
      ),
    ),
    [
      'schemas/orders/1-0-0.json:7:44: error: the key `categroy` is not known here. Fix: Did you mean `category`? Known keys here are `category`, `level`, `action`.',
      'schemas/orders/1-0-0.json:7:78: error: `hi` is no level. Fix: Choose one of `public`, `internal`, `confidential`, `restricted`.',
      'schemas/orders/1-0-0.json:7:94: error: `enrypt` is no action. Fix: Did you mean `encrypt`? Choose one of `keep`, `pseudonymise`, `encrypt`, `mask`, `generalise`, `redact`, `drop`.',
    ],
  ],
  [
    'tags that are no list are refused',
    schema(schemaWith('"f": { "type": "string", "confluent:tags": "PII" }')),
    [
      'schemas/orders/1-0-0.json:7:48: error: `confluent:tags`: the value must be of type array. Fix: Send an array; nothing is converted.',
    ],
  ],
  [
    'an annotation that needs a person is refused in a dataset without subjects',
    {
      ...policy(
        withoutSubjects.replace('unclassified: encrypt', 'unclassified: drop').replace(/ {2}.buyer.email.*\n/, ''),
      ),
      ...schema(schemaWith('"f": { "type": "string", "x-ecluse": { "level": "internal" } }')),
    },
    [
      "schemas/orders/1-0-0.json:7:30: error: `encrypt` of /f needs a person's key, and the dataset has no subjects. Fix: Choose keep, mask, generalise, redact or drop for it, or declare a subject in the policy.",
    ],
  ],
  [
    'two rules that name as much of a field, and of which neither is a part of the other, are refused',
    withField(
      '"o": { "type": "object", "additionalProperties": false, "properties": { "name": { "type": "string" } } }',
      '"/*/name": { level: internal, action: encrypt }\n  "/o/*": { level: internal, action: keep }',
    ),
    [
      'policies/orders.yaml:17:3: error: `/*/name` (policies/orders.yaml:16:3) and `/o/*` are equally specific for /o/name. Fix: Add a rule for `/o/name` itself.',
    ],
  ],
  [
    'a rule for the very field settles what two others leave open',
    policy(
      policyWith(
        '"/*/number": { level: internal, action: redact }\n  "/buyer/*": { level: internal, action: drop }\n  /buyer/number: { level: confidential, action: pseudonymise }',
      ),
    ),
    [
      'policies/orders.yaml:16:3: warning: `/*/number` decides nothing: more specific rules cover all it matches. Fix: Take it away.',
      'policies/orders.yaml:17:3: warning: `/buyer/*` decides nothing: more specific rules cover all it matches. Fix: Take it away.',
    ],
  ],
  [
    'a rule that never decides anything is a warning',
    policy(policyWith('"/*/email": { level: internal, action: keep }')),
    [
      'policies/orders.yaml:16:3: warning: `/*/email` decides nothing: more specific rules cover all it matches. Fix: Take it away.',
    ],
  ],
  [
    'reject of an unclassified field that is required is refused',
    {
      ...policy(policyText.replace('unclassified: encrypt', 'unclassified: reject')),
      ...schema(schemaWith('"f": { "type": "string" }').replace('["buyer"]', '["buyer", "f"]')),
    },
    [
      'policies/orders.yaml:16:15: error: /f is required by the schema, and nobody has classified it: every event would be rejected. Fix: Add a rule for /f.',
    ],
  ],
]

for (const [promise, files, said] of promises) {
  test(promise, async () => {
    const checked = await check(files)
    assert.deepEqual(checked.said, said)
    assert.equal(checked.contracts.has('orders'), !said.some(line => line.includes(': error: ')))
  })
}
