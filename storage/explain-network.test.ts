import assert from 'node:assert/strict'
import { test } from 'node:test'
import { explainNetwork } from './explain-network.ts'

const coded = (code: string, more: object = {}) => Object.assign(new Error('x'), { code }, more)

test('a code is found in causes and in gathered errors, and names the variable to look at', () => {
  const refused = coded('ECONNREFUSED')
  for (const error of [
    refused,
    new Error('x', { cause: refused }),
    new AggregateError([coded('OTHER'), refused]),
    { reason: refused },
  ])
    assert.match(explainNetwork(error, 'ECLUSE_VAULT')!, /nothing listens there.*ECLUSE_VAULT$/)
  for (const code of ['SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'])
    assert.match(
      explainNetwork(coded(code), 'ECLUSE_LAKE')!,
      /authority that we know: give the right one.*ECLUSE_LAKE_CA$/,
    )
})

test('what is no network error is nothing, also where causes run in a circle', () => {
  const error: Error & { cause?: unknown } = new Error('x')
  error.cause = error
  for (const other of [error, undefined, 'text', coded('constructor')])
    assert.equal(explainNetwork(other, 'ECLUSE_VAULT'), undefined)
})
