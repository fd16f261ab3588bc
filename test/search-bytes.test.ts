import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, test } from 'node:test'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { createMatcher } from './byte-matcher.ts'
import { searchBuffer, searchBytes } from './search-bytes.ts'

const CANARY = 'Zoé "Zaz"/Île\\42 名🙂'
const matcher = createMatcher(['nothing of it', CANARY])
const between = (...parts: Buffer[]) => Buffer.concat([randomBytes(1_000), ...parts, randomBytes(1_000)])
const formsIn = (bytes: Buffer) => [...new Set(searchBuffer(bytes, matcher).map(({ form }) => form))]

async function dirFor(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'canary-'))
  t.after(() => rm(dir, { recursive: true }))
  return dir
}

test('a value is found at its place in every form', () => {
  const json = JSON.stringify(CANARY)
  const escaped = json.replace(/[^\0-~]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
  const forms: [string, Buffer][] = [
    ['utf8', Buffer.from(CANARY)],
    ['json', Buffer.from(json.slice(1))],
    ['json', Buffer.from(json.slice(1).replaceAll('/', '\\/'))],
    ['json', Buffer.from(escaped.slice(1))],
    ['json', Buffer.from(escaped.slice(1).replace(/\\u..../g, unit => `\\u${unit.slice(2).toUpperCase()}`))],
    ['utf16le', Buffer.from(CANARY, 'utf16le')],
    ['hex', Buffer.from(Buffer.from(CANARY).toString('hex'))],
    ['hex', Buffer.from(Buffer.from(CANARY).toString('hex').toUpperCase())],
  ]
  for (const [form, bytes] of forms) {
    assert.deepEqual(searchBuffer(between(bytes), matcher), [{ offset: 1_000, form, valueIndex: 1 }])
    assert.equal(searchBuffer(bytes, matcher)[0]?.offset, 0)
  }
})

test('a value is found in base64 and base64url, whatever stands before and after it', () => {
  for (const before of ['', 'a', 'ab', 'abc']) {
    for (const after of ['', '!', '!!']) {
      for (const encoding of ['base64', 'base64url'] as const) {
        const text = Buffer.from(before + CANARY + after).toString(encoding)
        for (const prefix of ['', '"', 'v1_', 'token/']) {
          const forms = formsIn(Buffer.from(`${prefix}${text}`))
          assert.ok(forms.some(form => form.startsWith('base64')))
          assert.ok(forms.includes('base64>utf8'))
        }
      }
    }
  }
})

test('any text of six bytes or more is found in any of its forms, any shorter one is counted', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.uint8Array(), fc.nat(2), (value, noise, shift) => {
      const one = createMatcher([value])
      const utf8 = Buffer.from(value)
      if (utf8.length < 6) return assert.equal(one.leftOut, 1)
      const base64 = Buffer.concat([Buffer.alloc(shift), utf8, Buffer.from('after')]).toString('base64')
      const texts = [value, JSON.stringify(value), base64, utf8.toString('hex')]
      for (const text of [...texts.map(text => Buffer.from(text)), Buffer.from(value, 'utf16le')]) {
        const found = searchBuffer(Buffer.concat([noise, text, noise]), one)
        assert.ok(found.length > 0 || text.length < 6)
      }
    }),
    { numRuns: 200 },
  )
})

test('values that begin or end alike are told apart', () => {
  const values = Array.from({ length: 500 }, (_, i) => `https://example.com/${i}/portrait.jpg`)
  const found = searchBuffer(Buffer.from(`x${values[7]}${values[499]}x`), createMatcher(values))
  assert.deepEqual(
    found.map(({ valueIndex, offset }) => [valueIndex, offset]),
    [
      [7, 1],
      [499, 1 + values[7]!.length],
    ],
  )
})

test('a value is found inside gzip, zstd and zlib at any offset, nested, cut off, and inside base64', () => {
  const text = Buffer.from(`${'some words before '.repeat(50)}${CANARY}${' and after'.repeat(5_000)}`)
  const named = gzipSync(text)
  named[3] = 8
  const namedGzip = Buffer.concat([named.subarray(0, 10), Buffer.from('name\0'), named.subarray(10)])
  assert.deepEqual(formsIn(between(gzipSync(text))), ['gzip>utf8'])
  assert.deepEqual(formsIn(between(namedGzip)), ['gzip>utf8'])
  assert.deepEqual(formsIn(between(deflateSync(text))), ['zlib>utf8'])
  const secondOfTwo = between(zstdCompressSync(randomBytes(50)), zstdCompressSync(text))
  assert.ok(formsIn(secondOfTwo).includes('zstd>utf8'))
  assert.ok(formsIn(gzipSync(zstdCompressSync(gzipSync(text)))).includes('gzip>zstd>gzip>utf8'))
  assert.deepEqual(formsIn(gzipSync(text).subarray(0, -20)), ['gzip>utf8'])
  assert.deepEqual(formsIn(Buffer.from(`{"sealed":"${gzipSync(text).toString('base64')}"}`)), ['base64>gzip>utf8'])
})

test('every one of many compressed streams in a row is opened', () => {
  const streams = Array.from({ length: 300 }, (_, i) => gzipSync(i === 299 ? CANARY : `line ${i}`))
  assert.deepEqual(formsIn(Buffer.concat(streams)), ['gzip>utf8'])
})

test('a value is found in SQLite’s main file, its log, its free pages, and split over overflow pages', async t => {
  const dir = await dirFor(t)
  const live = join(dir, 'live.sqlite')
  const db = new DatabaseSync(live)
  t.after(() => db.close())
  db.exec(
    'PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE cells (id INTEGER PRIMARY KEY, cell, number)',
  )
  const put = (cell: string | Buffer, number: number | null = null) =>
    db.prepare('INSERT INTO cells (cell, number) VALUES (?, ?)').run(cell, number)
  const filesWith = async (folder: string, values: string[]) =>
    new Set((await searchBytes({ dir: folder, values })).map(({ file, valueIndex }) => `${file} ${valueIndex}`))
  put('in the main file: main-canary')
  put('x'.repeat(9_000))
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  put('in the log: log-canary')
  const found = await filesWith(dir, ['main-canary', 'log-canary'])
  for (const place of ['live.sqlite 0', 'live.sqlite#cells.cell 0', 'live.sqlite-wal 1', 'live.sqlite#cells.cell 1']) {
    assert.ok(found.has(place), place)
  }

  // Wherever a page ends, it ends inside one of these.
  const long = `${'over-canary'.repeat(2_000)}`
  for (let shift = 0; shift < 11; shift++) put('x'.repeat(shift) + long)
  const whole = (await searchBytes({ dir, values: [long, '31415926'] })).map(({ file }) => file)
  assert.deepEqual(whole, Array(11).fill('live.sqlite#cells.cell'))

  put('y'.repeat(20_000) + 'free-canary'.repeat(1_000))
  put('number', 31415926)
  db.exec("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA secure_delete=OFF; DELETE FROM cells WHERE cell LIKE 'y%'")
  db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  const still = join(dir, 'still')
  await mkdir(still)
  await copyFile(live, join(still, 'free.sqlite'))
  const places = await filesWith(still, ['free-canary', '31415926'])
  assert.deepEqual([...places].sort(), ['free.sqlite 0', 'free.sqlite#cells.number 1'])
})

test('a value in the name of a file or folder is found, and no result repeats it', async t => {
  const dir = await dirFor(t)
  await mkdir(join(dir, 'person=alice@example.com'))
  await writeFile(join(dir, 'person=alice@example.com', 'part-0'), 'bob@example.com')
  const found = await searchBytes({ dir, values: ['alice@example.com', 'bob@example.com'] })
  assert.deepEqual(
    found.map(({ valueIndex }) => valueIndex),
    [0, 1],
  )
  assert.doesNotMatch(JSON.stringify(found), /alice|bob/)
})

test('values that may stand are left out and counted', () => {
  const withExceptions = createMatcher(['Paris', 'Strasbourg', 'Montpellier'], ['Strasbourg'])
  assert.equal(withExceptions.leftOut, 2)
  assert.deepEqual(
    searchBuffer(Buffer.from('Paris Strasbourg Montpellier'), withExceptions).map(({ valueIndex }) => valueIndex),
    [2],
  )
})

test('thousands of values are not found in random bytes, and the search comes to an end', {
  timeout: 120_000,
}, async t => {
  const dir = await dirFor(t)
  const noise = randomBytes(4_000_000)
  await writeFile(join(dir, 'random'), noise)
  await writeFile(join(dir, 'base64'), noise.toString('base64'))
  await writeFile(join(dir, 'gzip'), gzipSync(noise))
  const values = Array.from({ length: 3_000 }, (_, i) => `${['user', 'Zoé Müller ', '+33 6 '][i % 3]}${1_000_000 + i}`)
  assert.deepEqual(await searchBytes({ dir, values }), [])
})

test('a few letters are no finding in the middle of a ciphertext, and are one anywhere else', () => {
  const letters = createMatcher(['Camill'])
  const sealed = `enc1.${'aB3_'.repeat(8)}Camill${'-x9Z'.repeat(8)}`
  assert.deepEqual(searchBuffer(Buffer.from(`{"nom":"${sealed}"}`), letters), [])
  for (const text of ['"Camill"', 'Camille Exemple', `${sealed} Camill`])
    assert.ok(searchBuffer(Buffer.from(text), letters).length >= 1, text)
})

test('a few digits are no finding in the middle of a hash or a UUID, and are one anywhere else', () => {
  const digits = createMatcher(['750012'])
  const hash = `${'ab12'.repeat(7)}750012${'cd34'.repeat(7)}`
  for (const random of [hash, '019aa750-012b-7def-8abc-750012abcdef'])
    assert.deepEqual(searchBuffer(Buffer.from(`{"lookup":"${random}"}`), digits), [])
  for (const text of ['"750012"', 'x750012', `${hash} 750012`, '7500121'])
    assert.equal(searchBuffer(Buffer.from(text), digits).length, 1, text)
})
