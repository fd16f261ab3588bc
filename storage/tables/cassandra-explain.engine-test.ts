import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { inspect } from 'node:util'
import { engineAccess, nobodyAccess, otherCa } from '../../test/engines/environment.ts'
import { eventually } from '../../test/eventually.ts'
import type { ServerAccess } from '../server-access.ts'
import { openCassandraTables } from './cassandra.ts'
import { adminClient, freshKeyspaceName, temporaryKeyspace, withKeyspace, withServer } from './cassandra-fixture.ts'
import { row, SETTINGS } from './sample-table.ts'
import { TablesUnavailable } from './tables.ts'

const CANARY = 'canary-4711'
const PASSWORD = 'wrong-password-0815'

async function openFor(t: TestContext, access: ServerAccess) {
  const tables = await openCassandraTables(access)
  t.after(() => tables.close())
  return tables
}

/** The message of the port's own error; neither it nor its causes repeat a secret or a value. */
async function failureOf(work: Promise<unknown>, { password }: ServerAccess): Promise<string> {
  const error = await work.then(
    () => assert.fail('it worked'),
    (error: unknown) => error,
  )
  assert.ok(error instanceof TablesUnavailable && error.cause instanceof Error, inspect(error))
  const everything = inspect(error, { depth: 12, showHidden: true })
  for (const secret of [password, CANARY]) assert.ok(!secret || !everything.includes(secret))
  return error.message
}

test('a wrong password names the user, the server and the variables', async t => {
  const access = { ...engineAccess('tables'), password: PASSWORD }
  const tables = await openFor(t, access)
  const message = await failureOf(tables.ping(), access)
  assert.match(message, /^tables: Cassandra at [\w.]+:\d+/)
  assert.match(message, new RegExp(`refuses user ${access.username} .*ECLUSE_TABLES_PASSWORD`))
  const { username: _, password: __, ...anonymous } = access
  assert.match(await failureOf((await openFor(t, anonymous)).ping(), access), /asks who we are.*ECLUSE_TABLES_USERNAME/)
})

test('a certificate that our authority did not sign is refused', async t => {
  const access = { ...engineAccess('tables'), ca: otherCa() }
  assert.match(await failureOf((await openFor(t, access)).ping(), access), /certificate.*ECLUSE_TABLES_CA/)
  const { ca: _, ...unknown } = engineAccess('tables')
  const url = `${unknown.url.replace(/[?&]tls=\w+/, '')}`
  const withTls = { ...unknown, url: `${url}${url.includes('?') ? '&' : '?'}tls=true` }
  assert.match(await failureOf((await openFor(t, withTls)).ping(), withTls), /certificate.*ECLUSE_TABLES_CA/)
})

test('a server that is not there, and a data centre that is not, are named', async t => {
  const access = engineAccess('tables')
  const nowhere = await openFor(t, withServer(access, '127.0.0.1:1'))
  assert.match(await failureOf(nowhere.ping(), access), /127\.0\.0\.1:1: nothing listens there.*ECLUSE_TABLES/)
  const elsewhere = await openFor(t, withKeyspace(access, 'ecluse', { dc: 'elsewhere' }))
  assert.match(
    await failureOf(elsewhere.ping(), access),
    /no node is in data centre elsewhere, they are in [\w]+: mend dc=/,
  )
})

test('what a message says to run is what gives the right', async t => {
  const { keyspace, access: owner, admin, drop } = await temporaryKeyspace()
  t.after(drop)
  await (await openFor(t, owner)).ensureTable('sums', SETTINGS)
  const access = withKeyspace(nobodyAccess('tables'), keyspace)
  const tables = await openFor(t, access)
  // What stands needs no right to be declared.
  await tables.ensureTable('sums', SETTINGS)
  const wider = { ...SETTINGS, columns: { ...SETTINGS.columns, later: 'text' as const } }
  const granted: string[] = []
  for (const work of [
    () => tables.ensureTable('own', SETTINGS),
    () => tables.ensureTable('sums', wider),
    () => tables.upsert('sums', [{ row: row({ note: CANARY }), writeVersion: 1n, ttlSeconds: null }]),
    async () => void (await tables.read('sums', { partition: { part: 'p' }, limit: 1 })),
  ]) {
    const message = await failureOf(work(), access)
    const [, grant, right] = /run (GRANT (\w+) ON KEYSPACE .*?);/.exec(message) ?? assert.fail(message)
    granted.push(right!)
    await admin.execute(grant!, [], { prepare: false })
    await comesToWork(work)
  }
  assert.deepEqual(granted, ['CREATE', 'ALTER', 'MODIFY', 'SELECT'])
})

/** Nodes remember for two seconds what a role may not do. */
const comesToWork = (work: () => Promise<void>) =>
  eventually('what was granted works', () =>
    work().then(
      () => true,
      () => false,
    ),
  )

test('a keyspace that is missing and that we may not create comes with what creates it', async t => {
  const access = withKeyspace(nobodyAccess('tables'), freshKeyspaceName())
  const message = await failureOf((await openFor(t, access)).ping(), access)
  assert.match(
    message,
    /does not exist and user \w+ may not create it: run CREATE KEYSPACE .*; GRANT SELECT ON KEYSPACE/,
  )
  const admin = adminClient()
  const [create, ...grants] = message.slice(message.indexOf('CREATE KEYSPACE')).split(';')
  await admin.execute(create!)
  for (const grant of grants.filter(Boolean)) await admin.execute(grant)
  t.after(async () => {
    await admin.execute(`DROP KEYSPACE ${/suite_\w+/.exec(create!)![0]}`)
    await admin.shutdown()
  })
  const tables = await openFor(t, access)
  await comesToWork(() => tables.ping())
})

test('too few copies that are up are counted', async t => {
  const { access, drop } = await temporaryKeyspace(9)
  t.after(drop)
  const tables = await openFor(t, access)
  await tables.ensureTable('sums', SETTINGS)
  const upsert = { row: row({ note: CANARY }), writeVersion: 1n, ttlSeconds: null }
  const message = await failureOf(tables.upsert('sums', [upsert]), access)
  assert.match(message, /of the copies of a row \d are up and 5 are needed \(LOCAL_QUORUM\)/)
})

test('a URL that cannot be understood is refused at once, without being repeated', async () => {
  for (const path of ['ecluse?replication=0', 'ecluse?dc=a%27b', 'Ecluse', 'ecluse?tls=false'])
    await assert.rejects(
      openCassandraTables({ url: `cassandra://hidden-host/${path}`, ca: 'x' }),
      (error: Error) => !(error instanceof TablesUnavailable) && !error.message.includes('hidden-host'),
    )
})
