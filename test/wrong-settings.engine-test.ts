import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import { nobodyAccess, otherCa, PORTS, type Port, variableOf } from './engines/environment.ts'
import { eventually } from './eventually.ts'
import { type RealInstallation, startInstallation } from './real-installation.ts'
import { spawnEcluse } from './spawn-ecluse.ts'

const MAIN = join(import.meta.dirname, '../cli/main.ts')
/** Of a process that ends by itself, on a busy machine. */
const END_MS = 120_000
const LOGGED_MS = 60_000
const WRONG_PASSWORD = 'wrong-0815-secret'
/** Nobody listens on a port that only the system may open. */
const NOWHERE = '127.0.0.1:1'

const VITAL: Port[] = ['event-log', 'vault']
/** FerretDB holds nobody to his rights: what MongoDB itself says is told by storage/mongo/explain-mongo.test.ts. */
const WITH_RIGHTS: Port[] = ['event-log', 'registry', 'tables', 'lake']

/** How each port begins to speak of itself. */
const WHO: Record<Port, RegExp> = {
  'event-log': /event-log: Kafka at [\d.:,]+/,
  registry: /registry: https:\/\/[\d.:]+\S*:/,
  vault: /the vault \(MongoDB at [\d.:,]+, database ecluse_vault_\w+\)/,
  documents: /the documents \(MongoDB at [\d.:,]+, database ecluse_documents_\w+\)/,
  tables: /tables: Cassandra at [\d.:, ]+/,
  lake: /lake: S3 bucket \S+ at https:\/\/[\d.:]+/,
}

interface Fault {
  name: string
  ports: Port[]
  /** The settings of a port, made wrong. */
  wrong(port: Port, settings: Record<string, string>): Record<string, string>
  /** What is said, besides which port and server. */
  said(port: Port): RegExp
}

const FAULTS: Fault[] = [
  {
    name: 'a wrong password',
    ports: [...PORTS],
    wrong: port =>
      port === 'lake'
        ? { AWS_SECRET_ACCESS_KEY: WRONG_PASSWORD }
        : { [`${variableOf(port)}_PASSWORD`]: WRONG_PASSWORD },
    said: port =>
      port === 'lake'
        ? /mend AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/
        : new RegExp(`refuse\\w* .*mend ${variableOf(port)}_USERNAME and ${variableOf(port)}_PASSWORD`),
  },
  {
    name: 'a wrong certificate authority',
    ports: [...PORTS],
    wrong: port => ({ [`${variableOf(port)}_CA`]: otherCa() }),
    said: port => new RegExp(`its certificate is .*signed by .*${variableOf(port)}_CA`),
  },
  {
    name: 'a host where nothing listens',
    ports: [...PORTS],
    wrong: (port, settings) => ({ [variableOf(port)]: elsewhere(settings[variableOf(port)]!) }),
    said: port => new RegExp(`nothing listens there: start the server, or mend ${variableOf(port)}`),
  },
  {
    name: 'a right that is missing',
    ports: WITH_RIGHTS,
    wrong: (port, settings) => {
      const variable = variableOf(port)
      if (port === 'lake') return { [variable]: settings[variable]!.replace(/(s3:\/\/[^/]+\/)/, '$1not-ours-') }
      const { username, password } = nobodyAccess(port)
      return { [`${variable}_USERNAME`]: username!, [`${variable}_PASSWORD`]: password! }
    },
    said: port =>
      ({
        'event-log':
          /refuses user nobody the right \w+ on topic ecluse\.\S+ Grant it: kafka-acls\.sh .*--allow-principal User:nobody --operation \w+ --topic ecluse\./,
        registry: /user nobody lacks a right: grant reading and writing/,
        tables: /user nobody lacks \w+ on .*: run GRANT \w+ ON KEYSPACE \w+ TO "nobody";/,
        lake: /refuses the right s3:\w+: allow it on arn:aws:s3:::\S+ .*docs\/permissions\/s3-policy\.json/,
      })[port as string]!,
  },
]

/** The first server of an URL, or its endpoint, replaced. */
function elsewhere(url: string): string {
  return url.startsWith('s3:')
    ? url.replace(/endpoint=https:\/\/[^&]+/, `endpoint=https://${NOWHERE}`)
    : url.replace(/^([a-z]+:\/\/)[^/?]+/, `$1${NOWHERE}`)
}

let ecluse: RealInstallation
before(async () => {
  // Once, so that contracts were live before something went wrong.
  ecluse = await startInstallation({ gateways: [{}], processors: 0 })
  await ecluse.gateways[0]!.end()
})
after(() => ecluse?.stop())

/** The ledger of erasures is in S3 too, under a URL of its own, and the same access key and authority. */
function isOfLedger({ wrong }: Fault): boolean {
  const url = variableOf('lake')
  return !Object.hasOwn(wrong('lake', { [url]: 's3://bucket/prefix' }), url)
}

/** Without these no process starts. */
const isVital = (fault: Fault, port: Port) => VITAL.includes(port) || (port === 'lake' && isOfLedger(fault))

function settingsWith({ wrong }: Fault, ports: Port[]): Record<string, string> {
  const { settings } = ecluse
  return { ...settings, ...Object.assign({}, ...ports.map(port => wrong(port, settings))) }
}

/** Runs a verb that ends by itself. */
async function run(verb: string, settings: Record<string, string>) {
  const environment = { ECLUSE_PORT: '0', ECLUSE_LOG_FORMAT: 'json', ...settings }
  const child = spawn(process.execPath, [MAIN, verb], { cwd: ecluse.dir, env: environment, timeout: END_MS })
  const kill = () => child.kill('SIGKILL')
  process.on('exit', kill)
  const ended = new Promise<number | null>(resolve => child.on('exit', resolve))
  const [stdout, stderr, status] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  process.off('exit', kill)
  assertNoSecret(stdout + stderr, settings)
  return { status, stdout, stderr }
}

/** Passwords, keys and the secrets of AWS, whole or one line of them; certificates are none. */
function assertNoSecret(output: string, settings: Record<string, string>): void {
  const secrets = Object.entries(settings).filter(
    ([name]) => /_PASSWORD$|_KEY$|_KEK$/.test(name) && name !== 'AWS_ACCESS_KEY_ID',
  )
  const lines = secrets.flatMap(([, value]) => [value, ...value.split('\n').filter(line => !line.startsWith('-----'))])
  assert.ok(lines.length > 5)
  const forms = lines.filter(line => line.length > 8).flatMap(line => [line, btoa(line)])
  assert.ok(!forms.some(secret => output.includes(secret)), 'a secret was shown')
}

function assertTold(told: string, port: Port, fault: Fault): void {
  assert.match(told, WHO[port])
  assert.match(told, fault.said(port))
}

for (const fault of FAULTS)
  describe(fault.name, { concurrency: 2 }, () => {
    test('is found by doctor, which names every port, its server and what to do', async () => {
      const { status, stdout } = await run('doctor', settingsWith(fault, fault.ports))
      assert.equal(status, 1)
      for (const port of fault.ports) {
        const line = stdout.split('\n').find(each => new RegExp(`^FAIL +${port} `).test(each))
        assert.ok(line, `doctor is content with ${port}:\n${stdout}`)
        assertTold(line, port, fault)
      }
    })

    for (const port of fault.ports.filter(each => isVital(fault, each)))
      test(`of the ${port} ends a gateway with status 1 and one readable message`, async () => {
        const { status, stderr } = await run('gateway', settingsWith(fault, [port]))
        assert.equal(status, 1)
        const lines = stderr.trim().split('\n')
        assert.equal(lines.length, 1, stderr)
        assert.match(lines[0]!, /^ecluse gateway: /)
        assertTold(lines[0]!, port, fault)
      })

    test('of any other port lets a gateway start, degraded, which says why', async t => {
      const ports = fault.ports.filter(each => !isVital(fault, each))
      const settings = { ...settingsWith(fault, ports), ECLUSE_DATA_DIR: join(ecluse.dir, 'degraded') }
      const gateway = await spawnEcluse({ dir: ecluse.dir, verb: 'gateway', environment: settings })
      t.after(() => gateway.end())
      const response = await fetch(`${gateway.url}/readyz`)
      const { status, degraded } = (await response.json()) as { status: string; degraded: string[] }
      assert.deepEqual([response.status, status, degraded.toSorted()], [200, 'degraded', ports.toSorted()])
      for (const port of ports) {
        const told = await eventually(
          `the log tells about ${port}`,
          async () => {
            await fetch(`${gateway.url}/readyz`)
            return gateway
              .output()
              .split('\n')
              .find(line => line.includes(`"port":"${port}"`) && fault.said(port).test(unquoted(line)))
          },
          LOGGED_MS,
        )
        assertTold(unquoted(told), port, fault)
      }
      assertNoSecret(gateway.output(), settings)
    })
  })

/** A line of the log holds JSON. */
const unquoted = (line: string) => line.replaceAll('\\"', '"')
