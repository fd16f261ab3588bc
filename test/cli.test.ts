import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { eventually } from './eventually.ts'
import { transaction, transactionOf } from './fixtures.ts'
import { type EcluseProcess, makeDir, spawnEcluse } from './spawn-ecluse.ts'

const ROOT = join(import.meta.dirname, '..')

function run(dir: string, args: string[], environment: Record<string, string> = {}, input = '') {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(ROOT, 'cli/main.ts'), ...args], {
    cwd: dir,
    env: environment,
    input,
    encoding: 'utf8',
    timeout: 120_000,
  })
  return { status, stdout, stderr }
}

describe('ecluse check', () => {
  test('finds nothing wrong with the example files, and prints their coverage', () => {
    const { status, stdout } = run(ROOT, ['check'])
    assert.equal(status, 0, stdout)
    assert.match(stdout, /transactions 1-0-0: \d+ fields declared, \d+ classified \(100 %\), \d+ protected/)
    assert.match(
      stdout,
      /^transactions aggregate by-type: tumbling 1h, by \/type_transaction \(internal\); payments = count \(internal\), mean = mean of \/montant \(internal\), median = quantile q 0\.5 of \/montant \(internal\); groups of 5 persons or more, kept 400d$/m,
    )
    assert.match(stdout, /^user-profiles aggregate by-country: .* with region from countries /m)
    assert.match(stdout, /^0 errors, 0 warnings/m)
  })

  test('says where a mistake is, what was meant and how to mend it, and exits with 1', () => {
    const dir = makeDir()
    const path = join(dir, 'policies/transactions.yaml')
    writeFileSync(
      path,
      readFileSync(path, 'utf8').replace('category: user.contact.email', 'category: user.contact.emial'),
    )
    const { status, stdout } = run(dir, ['check', 'transactions'])
    assert.equal(status, 1)
    assert.match(stdout, /^policies\/transactions\.yaml:\d+:\d+: error: .*\n?.*user\.contact\.email/m)
    const json = JSON.parse(run(dir, ['check', '--json']).stdout)
    assert.equal(json.diagnostics.filter((d: { severity: string }) => d.severity === 'error').length, 1)
  })

  test('tells the nearest name for a dataset that is not declared', () => {
    const { status, stderr } = run(ROOT, ['check', 'transaction'])
    assert.equal(status, 1)
    assert.match(stderr, /Did you mean `transactions`/)
  })

  test('--lock seals new versions; a changed one is refused from then on', () => {
    const dir = makeDir()
    rmSync(join(dir, 'schemas/lock.json'))
    assert.match(run(dir, ['check']).stdout, /not locked yet/)
    assert.equal(run(dir, ['check', '--lock']).status, 0)
    const path = join(dir, 'schemas/transactions/1-0-0.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace('"title"', '"$comment": "x", "title"'))
    const { status, stdout } = run(dir, ['check'])
    assert.equal(status, 1)
    assert.match(stdout, /schemas\/transactions\/1-0-0\.json:1:1: error:/)
  })

  test('--lock leaves a version with an error unlocked, so that it can still be mended', () => {
    const dir = makeDir()
    const path = join(dir, 'schemas/transactions/1-0-1.json')
    writeFileSync(path, '{')
    assert.equal(run(dir, ['check', '--lock']).status, 1)
    assert.equal(readFileSync(join(dir, 'schemas/lock.json'), 'utf8').includes('transactions/1-0-1'), false)
  })

  test('says of a directory that is not there which setting names it', () => {
    const dir = makeDir()
    rmSync(join(dir, 'policies'), { recursive: true })
    const { status, stdout, stderr } = run(dir, ['check'])
    assert.deepEqual([status, stderr], [1, ''])
    assert.match(stdout, /^policies:1:1: error: the directory of policies cannot be read: .*ECLUSE_POLICIES_DIR/)
    const serve = run(dir, ['serve'])
    assert.equal(serve.status, 1)
    assert.match(serve.stderr, /^ecluse serve: .*policies:1:1: .*ECLUSE_POLICIES_DIR/m)
  })
})

describe('ecluse', () => {
  test('names all wrong settings at once, and no secret', () => {
    const { status, stderr } = run(ROOT, ['serve'], {
      ECLUSE_PORT: 'http',
      ECLUSE_KEK: 'my-short-secret',
      ECLUSE_MAX_EVENT: '1',
    })
    assert.equal(status, 1)
    for (const variable of ['ECLUSE_PORT', 'ECLUSE_KEK', 'ECLUSE_MAX_EVENT'])
      assert.match(stderr, new RegExp(`${variable}: `))
    assert.doesNotMatch(stderr, /my-short-secret/)
  })

  test('refuses production without a key-encryption key or beyond loopback', () => {
    const { status, stderr } = run(ROOT, ['serve'], { ECLUSE_MODE: 'production', ECLUSE_HOST: '0.0.0.0' })
    assert.equal(status, 1)
    assert.match(stderr, /ECLUSE_KEK: .*\n.*ECLUSE_HOST: /)
  })

  test('knows the verb that was meant', () => {
    const { status, stderr } = run(ROOT, ['chek'])
    assert.equal(status, 2)
    assert.match(stderr, /Did you mean `check`/)
  })

  test('tells what a verb takes, wherever help is asked for, and tells mistakes in the command by status 2', () => {
    for (const args of [
      ['keys', '--help'],
      ['keys', 'create', '-h'],
    ]) {
      const { status, stdout, stderr } = run(ROOT, args, { ECLUSE_PORT: 'http' })
      assert.deepEqual([status, stderr], [0, ''])
      assert.match(stdout, /^Usage: ecluse keys create --role R/)
    }
    for (const args of [
      ['gateway', '--workers', '0'],
      ['simulate', 'nothing'],
      ['config', '--nonsense'],
    ])
      assert.equal(run(makeDir(), args).status, 2, args.join(' '))
  })

  test('config prints every setting, secrets masked', () => {
    const kek = Buffer.alloc(32, 7).toString('base64')
    const { status, stdout } = run(ROOT, ['config'], { ECLUSE_KEK: kek, ECLUSE_PORT: '9' })
    assert.equal(status, 0)
    assert.match(stdout, /^ECLUSE_PORT=9$/m)
    assert.match(stdout, /^ECLUSE_KEK=••••••$/m)
    assert.ok(!stdout.includes(kek))
  })

  test('doctor finds a machine that is fit, and a port that is taken', async () => {
    const dir = makeDir()
    const fit = run(dir, ['doctor'], { ECLUSE_PORT: '0' })
    assert.equal(fit.status, 0, fit.stdout)
    for (const port of ['event-log', 'registry', 'vault', 'documents', 'tables', 'lake'])
      assert.match(fit.stdout, new RegExp(`^ok +${port} +embedded`, 'm'))
    const ecluse = await spawnEcluse()
    const taken = run(dir, ['doctor'], { ECLUSE_PORT: new URL(ecluse.url).port })
    assert.equal(taken.status, 1)
    assert.match(taken.stdout, /FAIL {2}port .*is taken/)
    await ecluse.end()
  })
})

describe('beside a running Écluse', () => {
  let ecluse: EcluseProcess
  before(async () => {
    ecluse = await spawnEcluse({ environment: { ECLUSE_LEASE_MS: '200' } })
  })
  after(() => ecluse.end())

  test('simulate posts over HTTP and counts what became of the events', () => {
    const { status, stdout } = run(
      ecluse.dir,
      ['simulate', 'transactions', '--rate', '500', '--count', '200', '--bad', '0.1', '--seed', '7', '--json'],
      {
        ECLUSE_URL: ecluse.url,
      },
    )
    assert.equal(status, 0)
    const totals = JSON.parse(stdout)
    assert.equal(totals.sent, 200)
    assert.ok(totals.rejected > 0 && totals.accepted > 150)
    assert.equal(totals.accepted + totals.rejected, 200)
  })

  test('keys makes a key that works for its dataset alone, lists it without its secret, and revokes it', async () => {
    const made = run(ecluse.dir, ['keys', 'create', '--role', 'producer', '--datasets', 'transactions', '--days', '1'])
    assert.equal(made.status, 0, made.stderr)
    const key = made.stdout.trim()
    const post = (dataset: string) =>
      fetch(`${ecluse.url}/v1/datasets/${dataset}/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify(transaction()),
      })
    assert.equal((await post('transactions')).status, 202)
    assert.equal((await post('user-profiles')).status, 403)
    const id = key.split('_')[1]!
    const listed = run(ecluse.dir, ['keys', 'list']).stdout
    assert.match(listed, new RegExp(`^${id} {2}producer {2}transactions `, 'm'))
    assert.ok(!listed.includes(key.split('_').slice(2).join('_')))
    assert.equal(run(ecluse.dir, ['keys', 'revoke', id]).status, 0)
    await eventually('the revoked key is refused', async () => (await post('transactions')).status === 401)
  })

  test('keys and vault answer programs in JSON, and in nothing else', () => {
    const jsonOf = (...args: string[]) => {
      const { status, stdout, stderr } = run(ecluse.dir, [...args, '--json'])
      assert.equal(status, 0, stderr)
      return JSON.parse(stdout)
    }
    const made = jsonOf('keys', 'create', '--role', 'auditor', '--name', 'a test', '--days', '1')
    assert.ok(made.apiKey.startsWith(`eck_${made.id}_`) && made.expiresAt > new Date().toISOString())
    const { apiKey: _shownOnce, ...known } = made
    const { createdAt: _made, ...listed } = jsonOf('keys', 'list').find(({ id }: { id: string }) => id === made.id)
    assert.deepEqual(listed, known)
    const lookup = jsonOf('keys', 'rotate-lookup')
    assert.ok(lookup.key && lookup.usedFrom > new Date().toISOString())
    const copy = join(ecluse.dir, 'copy.sqlite')
    assert.deepEqual(jsonOf('vault', 'backup', copy), { backup: copy, epochKeys: `${copy}.epoch-keys` })
  })

  test('of several requests none is filed where a line has a wrong shape; where one is refused, those before it are told and kept', async () => {
    const persons = [randomUUID(), randomUUID()]
    await ecluse.post(
      'transactions',
      persons.map(id => transactionOf(id)),
    )
    const erase = (third: string, ...args: string[]) => {
      const environment = { ECLUSE_URL: ecluse.url, ECLUSE_API_KEY: ecluse.keys.dpo! }
      const lines = [...persons.map(id => `customer ${id}`), third, 'customer nobody']
      return run(ecluse.dir, ['erase', '--reason', 'asked', ...args], environment, lines.join('\n'))
    }
    const filed = async () => {
      const answer = await ecluse.call('dpo', '/v1/erasure-requests')
      return ((await answer.json()) as { items: { id: string }[] }).items.length
    }
    const misshapen = erase('{"subject":{"type":"customer"}}')
    assert.deepEqual([misshapen.status, misshapen.stdout, await filed()], [2, '', 0])
    assert.match(
      misshapen.stderr,
      /^ecluse erase: line 3: body\/subject must have required property 'id'\. Nothing was filed\.$/m,
    )

    const refused = erase('custommer C-1', '--json', '--out', ecluse.dir)
    assert.deepEqual([refused.status, await filed()], [1, 2])
    assert.match(
      refused.stderr,
      /^ecluse erase: line 3: .*`customer`.* Before it 2 were filed.* Not filed: line 3, 4\.$/m,
    )
    const told = refused.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    for (const { id, state, outcome } of told.slice(0, 2)) {
      assert.deepEqual([state, outcome], ['done', { erased: 1, erasedBefore: 0, unknown: 0 }])
      assert.ok(readFileSync(join(ecluse.dir, `${id}.certificate.json`), 'utf8').includes(id))
    }
    const { because, ...stop } = told[2]
    assert.deepEqual([told.length, stop], [3, { line: 3, state: 'refused', notFiled: [3, 4] }])
    assert.match(because, /no live policy names this kind of person/)
  })

  test('a second serve on the same data is refused in one sentence', () => {
    const { status, stderr } = run(ecluse.dir, ['serve'], { ECLUSE_PORT: '0' })
    assert.equal(status, 1)
    assert.match(stderr, /in use by another Écluse process/)
  })

  test('nobody else on the machine may read the data directory', () => {
    assert.equal(statSync(ecluse.dataDir).mode & 0o777, 0o700)
    for (const name of ['dev-credentials.json', 'dev-kek', 'vault.sqlite', 'event-log.sqlite', 'documents.sqlite'])
      assert.equal(statSync(join(ecluse.dataDir, name)).mode & 0o777, 0o600, name)
  })

  test('another key-encryption key is refused, in words', async () => {
    const first = await spawnEcluse({
      dir: makeDir(),
      environment: { ECLUSE_KEK: Buffer.alloc(32, 1).toString('base64') },
    })
    await first.end()
    const { status, stderr } = run(first.dir, ['serve'], {
      ECLUSE_PORT: '0',
      ECLUSE_KEK: Buffer.alloc(32, 2).toString('base64'),
    })
    assert.equal(status, 1)
    assert.match(stderr, /ECLUSE_KEK does not open this vault/)
  })
})
