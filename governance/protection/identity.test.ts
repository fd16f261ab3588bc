import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { contextOf, nobody } from '../../test/action-context.ts'
import { personalEventId, subjectId } from './identity.ts'

const ajv = new Ajv2020()

test('a subject’s id becomes the pseudonym, or null where it is nobody', () => {
  const alice = contextOf('Alice')
  assert.equal(subjectId.apply('User001', '/id', alice), alice.pseudonym)
  assert.equal(subjectId.apply('unknown', '/id', nobody), null)
  const validate = ajv.compile(subjectId.derive({ type: 'string' })!)
  for (const stored of [alice.pseudonym, null]) assert.ok(validate(stored))
  assert.equal(validate('User001'), false)
})

test('a personal event id becomes the id under which the event is stored', () => {
  const stored = `tok1.person.0.${'a'.repeat(22)}`
  assert.equal(personalEventId.apply('alice@example.com', '/id', contextOf('Alice', { eventId: stored })), stored)
  const validate = ajv.compile(personalEventId.derive({ type: 'string' })!)
  assert.ok(validate(stored))
  assert.equal(validate('alice@example.com'), false)
})
