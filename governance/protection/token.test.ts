import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newPseudonym, pseudonymSchema } from './token.ts'

test('a pseudonym is random, of one form, and never the same twice', () => {
  const pseudonyms = Array.from({ length: 1_000 }, newPseudonym)
  assert.equal(new Set(pseudonyms).size, 1_000)
  for (const pseudonym of pseudonyms) assert.match(pseudonym, new RegExp(pseudonymSchema.pattern as string))
})
