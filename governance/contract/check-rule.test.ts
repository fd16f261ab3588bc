// What may be kept: `ecluse check` says what stands in the clear and should perhaps not.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, policyWith, schemaWith } from './contract-fixture.ts'

const withField = (property: string, rule: string) => ({
  'policies/orders.yaml': policyWith(rule),
  'schemas/orders/1-0-0.json': schemaWith(property),
})

const promises: [promise: string, files: Record<string, string>, said: string[]][] = [
  [
    'keep of a field that looks personal by its name is a warning',
    withField('"adresseLivraison": { "type": "string" }', '/adresseLivraison: { level: internal, action: keep }'),
    [
      'policies/orders.yaml:16:3: warning: /adresseLivraison is kept in the clear, and its name looks personal (adresse). Fix: Say what it is with a category, or choose another action.',
    ],
  ],
  [
    'keep of a field with a category is no surprise',
    withField(
      '"adresseLivraison": { "type": "string" }',
      '/adresseLivraison: { category: user.contact.address, level: internal, action: keep }',
    ),
    [],
  ],
  [
    'keep of what is restricted by its category is refused at a lower level, and a warning at its own',
    withField(
      '"f": { "type": "string" },\n    "g": { "type": "string" }',
      '/f: { category: user.authorization.password, level: public, action: keep }\n  /g: { category: user.health, level: restricted, action: keep }',
    ),
    [
      'policies/orders.yaml:16:3: error: /f is kept in the clear as public, and a user.authorization.password is restricted. Fix: Choose another action than keep.',
      'policies/orders.yaml:17:3: warning: /g is kept in the clear, and a user.health is restricted. Fix: Choose another action than keep.',
    ],
  ],
  [
    'keep of a personal category as public is a warning',
    withField('"f": { "type": "string" }', '/f: { category: user.name, level: public, action: keep }'),
    [
      'policies/orders.yaml:16:3: warning: /f is kept in the clear as public, and a user.name is confidential. Fix: Write `level: internal`, or choose another action than keep.',
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
