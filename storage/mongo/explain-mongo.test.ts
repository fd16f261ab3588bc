import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MongoServerError } from 'mongodb'
import { explainMongo } from './explain-mongo.ts'

const place = { port: 'vault', variable: 'ECLUSE_VAULT', hosts: 'h:1', database: 'people', username: 'u' } as const
const explained = (code: number, message = '') => explainMongo(new MongoServerError({ message, code }), place)

test('a missing right is named, with the command that grants it, and nothing of the command that failed', () => {
  const refusal = 'not authorized on people to execute command { find: "vault_persons", filter: { _id: "secret" } }'
  const text = explained(13, refusal)
  assert.match(text, /^the vault \(MongoDB at h:1, database people\): the right find on database people is missing/)
  assert.match(text, /grantPrivilegesToRole\("ecluseVault", .*db: "people".*actions: \["find"\]/)
  assert.doesNotMatch(text, /secret/)
  assert.match(explained(13, 'command insert requires authentication'), /ECLUSE_VAULT_USERNAME/)
})

test('each command is told by the right it needs', () => {
  for (const [command, right] of Object.entries({ update: 'update', delete: 'remove', createIndexes: 'createIndex' }))
    assert.match(
      explained(13, `not authorized on people to execute command { ${command}: "x" }`),
      new RegExp(`right ${right} `),
    )
})

test('a wrong password, an election, a lost majority and a full disk say what to do, never what was stored', () => {
  assert.match(explained(18), /refuses user u: mend ECLUSE_VAULT_USERNAME/)
  assert.match(explained(10107), /election/)
  assert.match(explained(64), /majority/)
  assert.match(explained(14031), /disk is full/)
  assert.match(explained(11000, 'dup key: secret'), /error 11000/)
  assert.doesNotMatch(explained(11000, 'dup key: secret'), /secret/)
})
