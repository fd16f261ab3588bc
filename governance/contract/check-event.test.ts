// What `ecluse check` says of a policy's `event` section.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, policyText, policyWith, schemaText } from './contract-fixture.ts'

const policy = (text: string) => ({ 'policies/orders.yaml': text })
const schema = (text: string) => ({ 'schemas/orders/1-0-0.json': text })
const replaced = (from: string, to: string) => policy(policyText.replace(from, to))

const promises: [promise: string, files: Record<string, string | Buffer | undefined>, said: string[]][] = [
  [
    'an event id that the schema does not declare is refused and the right one suggested',
    replaced('id: /id\n', 'id: /idd\n'),
    [
      'policies/orders.yaml:9:7: error: there is no `/idd` in schema version 1-0-0. Fix: Did you mean `/id`? Point to a property the schema declares.',
    ],
  ],
  [
    'an event time that is no text is refused',
    replaced('at: /at,', 'at: /amount,'),
    [
      'policies/orders.yaml:10:15: error: /amount may be of type number in schema version 1-0-0. Fix: Its type in the schema must be `string`, `null`.',
    ],
  ],
  [
    'a subject that the schema does not declare is refused and the right one suggested',
    replaced('id: /buyer/number', 'id: /buyer/nummber'),
    [
      'policies/orders.yaml:12:42: error: there is no `/buyer/nummber` in schema version 1-0-0. Fix: Did you mean `/buyer/number`? Point to a property the schema declares.',
    ],
  ],
  [
    'an alias that the schema does not declare is refused and the right one suggested',
    replaced('at: /buyer/email', 'at: /buyer/emial'),
    [
      'policies/orders.yaml:12:86: error: there is no `/buyer/emial` in schema version 1-0-0. Fix: Did you mean `/buyer/email`? Point to a property the schema declares.',
    ],
  ],
  [
    'a primary subject that the schema does not require is refused',
    schema(schemaText.replace('"required": ["number"]', '"required": []')),
    [
      'policies/orders.yaml:12:42: error: the primary subject\'s id may be missing: `number` is not required in /buyer by schema version 1-0-0. Fix: Add "number" to `required` there, and allow nothing but objects on the way.',
    ],
  ],
  [
    'a primary subject inside an object that may be missing is refused',
    schema(schemaText.replace('"required": ["buyer"]', '"required": []')),
    [
      'policies/orders.yaml:12:42: error: the primary subject\'s id may be missing: `buyer` is not required in the event by schema version 1-0-0. Fix: Add "buyer" to `required` there, and allow nothing but objects on the way.',
    ],
  ],
  [
    'a primary subject inside an object that may be null is refused',
    schema(schemaText.replace('"type": "object",\n      ', '"type": ["object", "null"],\n      ')),
    [
      'policies/orders.yaml:12:42: error: the primary subject\'s id may be missing: `number` is not required in /buyer by schema version 1-0-0. Fix: Add "number" to `required` there, and allow nothing but objects on the way.',
    ],
  ],
  [
    'a primary subject that may be null is refused',
    schema(schemaText.replace('"number": { "type": "string" }', '"number": { "type": ["string", "null"] }')),
    [
      'policies/orders.yaml:12:42: error: /buyer/number may be of type string or null in schema version 1-0-0. Fix: Its type in the schema must be `string`, `integer`.',
    ],
  ],
  [
    'an event id in a field of a personal category must be declared personal',
    policy(policyWith('/id: { category: user.unique_id, level: internal, action: keep }')),
    [
      'policies/orders.yaml:9:7: error: the event id at /id is personal: its field is classified as user.unique_id. Fix: Write `id: { at: /id, personal: true }`.',
    ],
  ],
  [
    'an event id in a field that is not to be kept must be declared personal',
    policy(policyWith('/id: { level: internal, action: encrypt }')),
    [
      'policies/orders.yaml:9:7: error: the event id at /id is personal: `/id` wants to encrypt it. Fix: Write `id: { at: /id, personal: true }`.',
    ],
  ],
  [
    'an event id that the schema tags as personal must be declared personal',
    schema(schemaText.replace('"id": {', '"id": { "confluent:tags": ["PII"],')),
    [
      'policies/orders.yaml:9:7: error: the event id at /id is personal: the schema tags it as personal or sensitive. Fix: Write `id: { at: /id, personal: true }`.',
    ],
  ],
  [
    'an event id that is a subject’s id must be declared personal',
    replaced('id: /id\n', 'id: /buyer/number\n'),
    [
      'policies/orders.yaml:9:7: error: the event id at /buyer/number is personal: it is the id of a subject. Fix: Write `id: { at: /buyer/number, personal: true }`.',
    ],
  ],
  [
    'nothing but pseudonymise may be said of a personal event id',
    policy(
      policyWith('/id: { level: internal, action: encrypt }').replace('id: /id\n', 'id: { at: /id, personal: true }\n'),
    ),
    [
      'policies/orders.yaml:16:3: error: `/id`: a personal event id is always hashed under the key of the person. Fix: Write `action: pseudonymise`, or leave the rule out.',
    ],
  ],
  [
    'nothing but pseudonymise may be said of a subject’s id',
    policy(policyWith('/buyer/number: { level: internal, action: encrypt }')),
    [
      'policies/orders.yaml:16:3: error: `/buyer/number`: the id of a subject is always replaced by the pseudonym of the person. Fix: Write `action: pseudonymise`, or leave the rule out.',
    ],
  ],
  [
    'a subject’s id may be classified again with pseudonymise',
    policy(policyWith('/buyer/number: { category: user.unique_id, level: restricted, action: pseudonymise }')),
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
