// Few possible values: what `ecluse check` refuses to pseudonymise.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, policyWith, schemaWith } from './contract-fixture.ts'

const withField = (property: string, rule: string) => ({
  'policies/orders.yaml': policyWith(rule),
  'schemas/orders/1-0-0.json': schemaWith(property),
})

const promises: [promise: string, files: Record<string, string>, said: string[]][] = [
  [
    'pseudonymise is refused for a boolean',
    withField('"f": { "type": "boolean" }', '/f: { level: internal, action: pseudonymise }'),
    [
      'policies/orders.yaml:16:3: error: /f can be guessed from its tokens: a boolean has two values. Fix: Choose encrypt, generalise or keep.',
    ],
  ],
  [
    'pseudonymise is refused for an enumeration',
    withField('"f": { "type": "string", "enum": ["a", "b"] }', '/f: { level: internal, action: pseudonymise }'),
    [
      'policies/orders.yaml:16:3: error: /f can be guessed from its tokens: its values are listed in the schema. Fix: Choose encrypt, generalise or keep.',
    ],
  ],
  [
    'pseudonymise is refused for a constant',
    withField('"f": { "const": "a" }', '/f: { level: internal, action: pseudonymise }'),
    [
      'policies/orders.yaml:16:3: error: /f can be guessed from its tokens: its values are listed in the schema. Fix: Choose encrypt, generalise or keep.',
    ],
  ],
  [
    'pseudonymise is refused for few integers',
    withField(
      '"f": { "type": "integer", "minimum": 0, "exclusiveMaximum": 1000000 }',
      '/f: { level: internal, action: pseudonymise }',
    ),
    [
      'policies/orders.yaml:16:3: error: /f can be guessed from its tokens: the schema allows few integers. Fix: Choose encrypt, generalise or keep.',
    ],
  ],
  [
    'pseudonymise is refused for a date',
    withField('"f": { "type": ["string", "null"], "format": "date" }', '/f: { level: internal, action: pseudonymise }'),
    [
      'policies/orders.yaml:16:3: error: /f can be guessed from its tokens: a date has few values. Fix: Choose encrypt, generalise or keep.',
    ],
  ],
  [
    'pseudonymise is refused for a short text',
    withField('"f": { "type": "string", "maxLength": 4 }', '/f: { level: internal, action: pseudonymise }'),
    [
      'policies/orders.yaml:16:3: error: /f can be guessed from its tokens: so short a text has few values. Fix: Choose encrypt, generalise or keep.',
    ],
  ],
  [
    'pseudonymise is refused for a category of few values',
    withField(
      '"f": { "type": "string" }',
      '/f: { category: user.demographic.gender, level: internal, action: pseudonymise }',
    ),
    [
      'policies/orders.yaml:16:3: error: /f can be guessed from its tokens: a user.demographic.gender has few possible values. Fix: Choose encrypt, generalise or keep.',
    ],
  ],
  [
    'pseudonymise is refused for alternatives that can all be guessed',
    withField(
      '"f": { "anyOf": [{ "type": "boolean" }, { "type": "null" }] }',
      '/f: { level: internal, action: pseudonymise }',
    ),
    [
      'policies/orders.yaml:16:3: error: /f can be guessed from its tokens: a boolean has two values. Fix: Choose encrypt, generalise or keep.',
    ],
  ],
  [
    'pseudonymise is refused for what allOf narrows down',
    withField(
      '"f": { "allOf": [{ "type": "string" }, { "type": "string", "maxLength": 2 }] }',
      '/f: { level: internal, action: pseudonymise }',
    ),
    [
      'policies/orders.yaml:16:3: error: /f can be guessed from its tokens: so short a text has few values. Fix: Choose encrypt, generalise or keep.',
    ],
  ],
  [
    'pseudonymise is refused for a pattern that few texts match',
    withField(
      '"f": { "type": "string", "maxLength": 5, "pattern": "^[0-9]{5}$" }',
      '/f: { level: internal, action: pseudonymise }',
    ),
    [
      'policies/orders.yaml:16:3: error: /f can be guessed from its tokens: few texts match its pattern. Fix: Choose encrypt, generalise or keep.',
    ],
  ],
  [
    'pseudonymise is refused for few steps of a number',
    withField(
      '"f": { "type": "number", "minimum": 0, "maximum": 100, "multipleOf": 0.5 }',
      '/f: { level: internal, action: pseudonymise }',
    ),
    [
      'policies/orders.yaml:16:3: error: /f can be guessed from its tokens: the schema allows few numbers. Fix: Choose encrypt, generalise or keep.',
    ],
  ],
  [
    'pseudonymise is refused for few steps of an integer',
    withField(
      '"f": { "type": "integer", "minimum": 0, "maximum": 50000000, "multipleOf": 100 }',
      '/f: { level: internal, action: pseudonymise }',
    ),
    [
      'policies/orders.yaml:16:3: error: /f can be guessed from its tokens: the schema allows few integers. Fix: Choose encrypt, generalise or keep.',
    ],
  ],
  [
    'pseudonymise is refused for a list whose items can be guessed',
    withField(
      '"f": { "type": "array", "items": { "type": ["boolean", "null"] } }',
      '/f: { level: internal, action: pseudonymise }',
    ),
    [
      'policies/orders.yaml:16:3: error: /f can be guessed from its tokens: of its items, a boolean has two values. Fix: Choose encrypt, generalise or keep.',
    ],
  ],
  [
    'pseudonymise is fine for a number without steps, a text of five letters, and a list of texts',
    withField(
      '"f": { "type": "number", "minimum": 0, "maximum": 1 },\n    "g": { "type": "string", "maxLength": 5 },\n    "h": { "type": "array", "items": { "type": "string" } }',
      '/f: { level: internal, action: pseudonymise }\n  /g: { level: internal, action: pseudonymise }\n  /h: { level: internal, action: pseudonymise }',
    ),
    [],
  ],
  [
    'pseudonymise is fine for many integers',
    withField('"f": { "type": "integer", "minimum": 0 }', '/f: { level: internal, action: pseudonymise }'),
    [],
  ],
  [
    'pseudonymise is fine for a text or few integers',
    withField(
      '"f": { "oneOf": [{ "type": "string" }, { "type": "integer", "minimum": 0, "maximum": 9 }] }',
      '/f: { level: internal, action: pseudonymise }',
    ),
    [],
  ],
]

for (const [promise, files, said] of promises) {
  test(promise, async () => {
    const checked = await check(files)
    assert.deepEqual(checked.said, said)
    assert.equal(checked.contracts.has('orders'), !said.some(line => line.includes(': error: ')))
  })
}
