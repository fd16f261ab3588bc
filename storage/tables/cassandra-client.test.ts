import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cassandraClient, cassandraPlace } from './cassandra-client.ts'

test('two refreshes of the control connection that meet do not end the process', async () => {
  const access = { url: 'cassandra://127.0.0.1:1/ecluse?dc=dc1' }
  const { client, close } = cassandraClient(access, cassandraPlace(access))
  const { controlConnection } = client as unknown as {
    controlConnection: { _refresh(): Promise<void>; _refreshControlConnection(): Promise<void> }
  }
  // As after another refresh: what was connected is reset.
  controlConnection._refreshControlConnection = async () => {}
  assert.equal(await controlConnection._refresh(), undefined)
  await close()
})
