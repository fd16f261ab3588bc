import assert from 'node:assert/strict'
import { test } from 'node:test'
import { check, policyText, policyWith, schemaWith } from './contract-fixture.ts'
import { liveContracts } from './stored-contract.ts'

test('a stored contract says of every field what it is, how it is protected and whose it is', async () => {
  const { contracts } = await check({
    'policies/orders.yaml': policyWith(
      '/address: { level: restricted, action: encrypt, of: guest }\n  /shop: { level: internal, action: { pseudonymise: { domain: shops } } }',
      policyText
        .replace('legalBasis: contract', 'legalBasis: contract\nrecipients: [the courier]')
        .replace('fields:', '    - { name: guest, type: customer, id: /guest }\nfields:'),
    ),
    'schemas/orders/1-0-0.json': schemaWith(
      '"guest": { "type": ["string", "null"] }, "shop": { "type": "string" }, "address": { "type": ["object", "null"], "additionalProperties": false, "properties": { "street": { "type": "string" } } }, "tags": { "type": ["array", "null"], "items": { "type": "string" } }',
    ),
  })
  const contract = contracts.get('orders')!
  const [stored] = liveContracts(contract)
  assert.deepEqual(stored, {
    dataset: 'orders',
    schema: '1-0-0',
    policy: contract.policySha256.slice(0, 16),
    owner: 'shop@example.org',
    purpose: 'revenue reporting',
    legalBasis: 'contract',
    recipients: ['the courier'],
    retention: { log: '7d', events: '400d', quarantine: '30d', lake: '1095d' },
    fields: [
      {
        pointer: '/guest',
        level: 'confidential',
        category: 'user.unique_id',
        action: 'pseudonymise',
        of: 'guest',
        whole: false,
      },
      { pointer: '/shop', level: 'internal', action: 'pseudonymise', whole: false, domain: 'shops' },
      { pointer: '/address', level: 'restricted', action: 'encrypt', of: 'guest', whole: true },
      { pointer: '/tags/*', level: 'confidential', action: 'encrypt', whole: false },
      { pointer: '/id', level: 'internal', action: 'keep', whole: false },
      { pointer: '/at', level: 'confidential', action: 'encrypt', whole: false },
      { pointer: '/amount', level: 'internal', action: 'keep', whole: false },
      {
        pointer: '/buyer/number',
        level: 'confidential',
        category: 'user.unique_id',
        action: 'pseudonymise',
        whole: false,
      },
      {
        pointer: '/buyer/email',
        level: 'confidential',
        category: 'user.contact.email',
        action: 'pseudonymise',
        whole: false,
      },
    ],
    event: {
      idPointer: '/id',
      idPersonal: false,
      timePointer: '/at',
      subjects: [
        { name: 'buyer', type: 'customer', pointer: '/buyer/number' },
        { name: 'guest', type: 'customer', pointer: '/guest' },
      ],
    },
  })
  assert.equal(liveContracts(contract)[0], stored, 'one object for one contract')
})
