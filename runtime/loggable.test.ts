import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loggable } from './loggable.ts'

test('of an error that may quote what it was given, name and frames are logged, never its message', () => {
  let error: Error | undefined
  try {
    JSON.parse('\n    at secret')
  } catch (caught) {
    error = new Error('secret', { cause: caught })
  }
  const logged = loggable(error!) as { name: string; frames: string[]; cause: { name: string; frames: string[] } }
  assert.doesNotMatch(JSON.stringify(logged), /secret/)
  assert.deepEqual([logged.name, logged.cause.name], ['Error', 'SyntaxError'])
  assert.ok(logged.frames.length > 0 && logged.cause.frames.length > 0)
})

test('a message of one of our ports is logged', () => {
  const error = Object.assign(new Error('ours', { cause: new Error('secret') }), { name: 'VaultUnavailable' })
  const text = JSON.stringify(loggable(error))
  assert.match(text, /"message":"ours"/)
  assert.doesNotMatch(text, /secret/)
})
