// Makes the keyspace and the role of Écluse in Cassandra, with the rights that docs/permissions/cassandra.cql gives,
// and takes the well-known password away from Cassandra's own superuser. Running it again changes nothing but the
// password, to what the secret says.

import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { checkServerIdentity } from 'node:tls'
import { auth, Client } from 'cassandra-driver'

const ATTEMPTS = 60
const PAUSE_MS = 2_000
const HOST = 'cassandra'
/** There is one node, and so one copy. */
const ONE_COPY = "ALTER KEYSPACE ecluse WITH replication = {'class': 'NetworkTopologyStrategy', 'datacenter1': 1}"

const secret = (name: string) => readFileSync(`/run/secrets/${name}`, 'utf8').trim()
/** Made of hexadecimal digits alone; a quote in it would end the text. */
const quoted = (password: string) => `'${password.replaceAll("'", "''")}'`

async function run(username: string, password: string, statements: string[]): Promise<void> {
  const client = new Client({
    contactPoints: [`${HOST}:9042`],
    localDataCenter: 'datacenter1',
    authProvider: new auth.PlainTextAuthProvider(username, password),
    // The driver connects by address, the certificate is for the name.
    sslOptions: {
      ca: secret('ca.pem'),
      rejectUnauthorized: true,
      checkServerIdentity: (_address, certificate) => checkServerIdentity(HOST, certificate),
    },
  })
  try {
    await client.connect()
    for (const statement of statements) await client.execute(statement)
  } finally {
    await client.shutdown()
  }
}

/** Cassandra makes its first role some seconds after it begins to listen. */
async function makeAdministrator(password: string): Promise<void> {
  const create = `CREATE ROLE IF NOT EXISTS admin WITH SUPERUSER = true AND LOGIN = true AND PASSWORD = ${quoted(password)}`
  for (let attempt = 1; ; attempt++) {
    try {
      return await run('admin', password, [])
    } catch (asAdmin) {
      const asFirst = await run('cassandra', 'cassandra', [create]).catch(error => error)
      if (asFirst === undefined) continue
      if (attempt === ATTEMPTS) throw new AggregateError([asAdmin, asFirst], 'Cassandra lets no administrator in')
      await pause(PAUSE_MS)
    }
  }
}

/** The statements of the page of rights, with the password that it asks for: the role is never without its own. */
function permissions(password: string): string[] {
  const text = readFileSync('/permissions/cassandra.cql', 'utf8').replaceAll(/^--.*$/gm, '')
  if (!text.includes("'choose one'")) throw new Error('docs/permissions/cassandra.cql leaves no place for the password')
  const statements = text.replace("'choose one'", quoted(password)).split(';')
  return statements.map(statement => statement.trim()).filter(statement => statement !== '')
}

/** A role that was there keeps its password, which may be another than the secret says now. */
async function ensurePassword(admin: string, password: string): Promise<void> {
  try {
    await run('ecluse', password, [])
  } catch {
    await run('admin', admin, [`ALTER ROLE ecluse WITH PASSWORD = ${quoted(password)}`])
  }
}

async function main(): Promise<void> {
  const [admin, password] = [secret('cassandra-admin-password'), secret('tables-password')]
  await makeAdministrator(admin)
  const statements = [
    'ALTER ROLE cassandra WITH SUPERUSER = false AND LOGIN = false',
    ...permissions(password),
    ONE_COPY,
  ]
  await run('admin', admin, statements)
  await ensurePassword(admin, password)
  process.stdout.write('Cassandra has the keyspace and the role of Écluse\n')
}

main().catch((error: Error) => {
  // Its message alone: the driver's error holds the statement, and so a password.
  process.stderr.write(`Cassandra could not be prepared: ${error.message}\n`)
  process.exitCode = 1
})
