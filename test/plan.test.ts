import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { transaction } from './fixtures.ts'
import { type EcluseProcess, makeDir, spawnEcluse } from './spawn-ecluse.ts'

let ecluse: EcluseProcess
before(async () => {
  ecluse = await spawnEcluse()
  const wrong = [{ montant: -1 }, { montant: -2 }, { devise: 'euro' }].map(transaction)
  assert.equal((await ecluse.post('transactions', wrong)).status, 422)
  await ecluse.settled()
})
after(() => ecluse.end())

interface Plan {
  datasets: {
    dataset: string
    state: string
    verdict: string
    changes: { effect: string; schema?: string; pointer?: string; aggregates?: string[]; what: string }[]
    newVersions: { version: string; after: string; step: string; reasons: string[] }[]
    quarantine: { cause: string; count: number; mayPass: boolean }[]
  }[]
  access: { verdict: string; changes: { what: string }[] } | null
}

/** Plans with the files of another folder against what runs. */
function plan(dir: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['cli/main.ts', 'plan', ...args], {
    cwd: join(import.meta.dirname, '..'),
    encoding: 'utf8',
    env: {
      ECLUSE_URL: ecluse.url,
      ECLUSE_DATA_DIR: ecluse.dataDir,
      ECLUSE_SCHEMAS_DIR: join(dir, 'schemas'),
      ECLUSE_POLICIES_DIR: join(dir, 'policies'),
    },
  })
  return { status, stdout, stderr, json: () => JSON.parse(stdout) as Plan }
}

function edit(dir: string, path: string, from: string, to: string): void {
  const text = readFileSync(join(dir, path), 'utf8')
  assert.ok(text.includes(from))
  writeFileSync(join(dir, path), text.replace(from, to))
}

describe('ecluse plan', () => {
  test('says that nothing changes where nothing does', () => {
    const { status, stdout } = plan(makeDir())
    assert.equal(status, 0)
    assert.equal(
      stdout,
      'transactions: nothing changes\n\nuser-profiles: nothing changes\n\naccess policy: nobody gets or loses a right\n',
    )
  })

  test('says field by field what gains and what loses protection, and ends with status 3 if any loses', () => {
    const dir = makeDir()
    const path = 'policies/transactions.yaml'
    edit(
      dir,
      path,
      '/montant:             { level: internal, action: keep }',
      '/montant: { level: internal, action: { generalise: { band: 10 } } }',
    )
    const stricter = plan(dir, 'transactions', '--json')
    assert.equal(stricter.status, 0, stricter.stderr)
    const [{ verdict, changes }] = stricter.json().datasets as [Plan['datasets'][number]]
    assert.deepEqual(
      [verdict, changes],
      [
        'stricter',
        [
          {
            schema: '1-0-0',
            pointer: '/montant',
            effect: 'stricter',
            what: 'keep becomes generalise {"band":10}',
            aggregates: ['amount-by-payment-method', 'by-place', 'type-by-means', 'by-type'],
          },
        ],
      ],
    )
    assert.equal(stricter.json().access, null)
    edit(dir, path, 'level: restricted,   action: encrypt', 'level: confidential, action: encrypt')
    edit(dir, path, 'events: 400d', 'events: 500d')
    const weaker = plan(dir, 'transactions')
    assert.equal(weaker.status, 3)
    assert.match(weaker.stdout, /^transactions: WEAKER/)
    assert.match(weaker.stdout, /^ {2}- retention of events goes from 400d to 500d$/m)
    assert.match(weaker.stdout, /^ {2}- 1-0-0 \/utilisateur\/adresse: level restricted becomes confidential$/m)
    assert.match(
      weaker.stdout,
      /^ {2}\+ 1-0-0 \/montant: keep becomes generalise \{"band":10\}, in the aggregates amount-by-/m,
    )
  })

  test('says that a reference table changes, of which aggregates, and that nothing does where it does not', () => {
    const dir = makeDir()
    edit(dir, 'policies/references/countries.csv', 'Iceland,Europe', 'Iceland,Americas')
    const { status, stdout } = plan(dir, 'user-profiles')
    assert.deepEqual(
      [status, stdout],
      [0, 'user-profiles: protection stays as it is\n  ~ the reference table countries changes\n'],
    )
  })

  test('says how far a new version is, why, and which rejected events may pass by it', () => {
    const dir = makeDir()
    const schema = JSON.parse(readFileSync(join(dir, 'schemas/transactions/1-0-0.json'), 'utf8'))
    schema.properties.montant.minimum = -1_000
    writeFileSync(join(dir, 'schemas/transactions/1-0-1.json'), JSON.stringify(schema))
    const { status, json, stderr } = plan(dir, 'transactions', '--json')
    assert.equal(status, 0, stderr)
    const [{ newVersions, quarantine }] = json().datasets as [Plan['datasets'][number]]
    assert.deepEqual(newVersions, [
      {
        version: '1-0-1',
        after: '1-0-0',
        step: 'addition',
        reasons: ['addition: `minimum` of `/montant` went from 0 to -1000'],
      },
    ])
    const found = quarantine.map(({ cause, count, mayPass }) => [cause, count, mayPass])
    assert.deepEqual(found.sort(), [
      ['/devise maxLength', 1, false],
      ['/montant minimum', 2, true],
    ])
  })

  test('says who would get a right', () => {
    const dir = makeDir()
    appendFileSync(join(dir, 'policies/access/policy.csv'), '\np, analyst, transactions, restricted, read, allow\n')
    const { status, stdout } = plan(dir)
    assert.equal(status, 3)
    assert.match(stdout, /^access policy: WEAKER.*\n {2}- analyst may read restricted on transactions$/m)
  })

  test('changes nothing where the files are wrong, and says where', () => {
    const dir = makeDir()
    edit(dir, 'policies/transactions.yaml', 'legalBasis: contract', 'legalBasis: habit')
    const { status, stderr, stdout } = plan(dir)
    assert.deepEqual([status, stdout], [1, ''])
    assert.match(stderr, /transactions\.yaml:\d+:\d+: error/)
  })
})
