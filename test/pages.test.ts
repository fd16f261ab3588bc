// The pages as they are served, and their texts: what can be known of them without a browser.

import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { stepNames } from '../gateway/event-history.ts'
import { holderNames } from '../gateway/find-places.ts'
import { readPages } from '../gateway/read-pages.ts'
import { accessActions } from '../governance/access/access-action.ts'
import { anomalyKinds, severities } from '../governance/anomalies/anomaly-kinds.ts'
import { linesOf } from '../governance/ledger/ledger-line.ts'
import { dimensionNames } from '../governance/quality/dimensions.ts'
import { discardOutcomes, replayOutcomes } from '../governance/subjects/quarantine-request.ts'
import { anomalyStates } from '../storage/stored-shapes.ts'
import { texts } from './page-texts.ts'
import { type StartedEcluse, startEcluse } from './start-ecluse.ts'

const ROOT = join(import.meta.dirname, '..', 'dashboard')
const sources = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter(path => /\.(js|html|css)$/.test(path))
  .map(path => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }))
const modules = sources.filter(({ path }) => path.endsWith('.js') && !path.startsWith('texts/'))
const code = modules.map(({ text }) => text).join('\n')

describe('what is served', () => {
  let ecluse: StartedEcluse
  before(async () => {
    ecluse = await startEcluse()
  })
  after(() => ecluse.stop())

  test('is a document that runs no script of anybody else, and none that stands in it', async () => {
    const answer = await fetch(`${ecluse.address}/`)
    const policy = answer.headers.get('content-security-policy')!
    for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"])
      assert.ok(policy.split('; ').includes(part), part)
    assert.ok(!policy.includes('unsafe'))
    assert.equal(answer.headers.get('referrer-policy'), 'no-referrer')
    const html = await answer.text()
    assert.match(answer.headers.get('content-type')!, /^text\/html/)
    assert.deepEqual([...html.matchAll(/<script(?![^>]* src=)|<style| style=| on\w+=/g)], [])
    assert.ok(!html.includes('{{'))
  })

  test('is every file that a page names, kept by browsers until it changes', async () => {
    const html = await (await fetch(`${ecluse.address}/`)).text()
    const named = [...html.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!)
    assert.ok(named.length > 30)
    for (const path of named) {
      const answer = await fetch(`${ecluse.address}${path}`)
      assert.equal(answer.status, 200, path)
      assert.match(answer.headers.get('cache-control')!, /immutable/)
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
      await answer.arrayBuffer()
    }
    const older = named.find(path => path.endsWith('app.js'))!.replace(/assets\/\w+/, 'assets/0123456789ab')
    assert.equal((await fetch(`${ecluse.address}${older}`)).headers.get('cache-control'), 'no-store')
    for (const path of ['/assets/x/../package.json', '/assets/x/%2e%2e/package.json', '/assets/x/document.html'])
      assert.equal((await fetch(`${ecluse.address}${path}`)).status, 404, path)
  })
})

test('no module that is served names anything that is not', async () => {
  const { assets, base } = await readPages()
  for (const [path, { bytes, gzipped }] of assets) {
    assert.deepEqual(gunzipSync(gzipped), bytes)
    if (!path.endsWith('.js')) continue
    const named = [...bytes.toString().matchAll(/(?:\bfrom|\bimport)\s*\(?\s*(["'])([^"'\s]+)\1/g)]
    for (const [, , specifier] of named) {
      const { pathname } = new URL(specifier!, `http://pages${base}/${path}`)
      assert.ok(assets.has(pathname.slice(base.length + 1)), `${path} imports ${specifier}`)
    }
  }
})

test('a first visit costs less than 150 kB, all pages and both languages with it', async () => {
  const { assets, document } = await readPages()
  const bytes = [document, ...assets.values()].reduce((sum, { gzipped }) => sum + gzipped.length, 0)
  assert.ok(bytes < 150_000, `${bytes} bytes`)
})

test('every right and every kind of audit entry has its words', () => {
  const audit = readFileSync(join(ROOT, '../governance/audit/audit.ts'), 'utf8')
  const kinds = [...audit.matchAll(/^ {2}\| '([a-z-]+)'$/gm)].map(([, kind]) => kind!)
  assert.ok(kinds.length > 20)
  const expected = [...accessActions.map(action => `right.${action}`), ...kinds.map(kind => `audited.${kind}`)]
  assert.deepEqual(
    expected.filter(key => !Object.hasOwn(texts, key)),
    [],
  )
})

test('every word of anomalies, quality and the quarantine has its own, and filters offer what there is', () => {
  const read = (path: string) => readFileSync(join(ROOT, '..', path), 'utf8')
  const namesIn = (text: string) => [...text.matchAll(/'([a-z]+)'/g)].map(([, name]) => name!)
  const metrics = namesIn(/type MetricName =([^}]+?)\n\n/.exec(read('governance/anomalies/metrics-of.ts'))![1]!)
  const suspects = namesIn(/type SuspectKind = (.+)/.exec(read('governance/quality/looks-personal.ts'))![1]!)
  const check = { dataset: 'any', hour: '2026-11-21T12:00:00.000Z', minutes: { '00': {} }, checkedAt: '' }
  const [line] = linesOf({ ...check, rows: [], check }, 0)
  const { dataset: _, window: _window, archive, ...counts } = line!
  const { checkedAt: _checkedAt, ...archived } = archive
  const families = {
    ...{ anomaly: anomalyKinds, anomalyNote: anomalyKinds, severity: severities, state: anomalyStates },
    ...{ dimension: dimensionNames, dimensionNote: dimensionNames, suspect: suspects, metric: metrics },
    ...{ passport: stepNames, holder: holderNames },
    ...{ equation: ['received', 'accepted', 'archive'], counted: Object.keys(counts), archived: Object.keys(archived) },
    ...{ 'became.replay': Object.keys(replayOutcomes), 'became.discard': Object.keys(discardOutcomes) },
  }
  const expected = Object.entries(families).flatMap(([family, names]) => names.map(name => `${family}.${name}`))
  assert.deepEqual(
    expected.filter(key => !Object.hasOwn(texts, key)),
    [],
  )
  const page = modules.find(({ path }) => path === 'pages/anomalies.js')!.text
  const offered = /const kinds = \[([^\]]+)\]/.exec(page)![1]!.match(/[a-z-]+/g)
  assert.deepEqual(offered!.sort(), [...anomalyKinds].sort())
})

test('no page names another server', () => {
  const foreign = sources.filter(({ text }) => /\b(?:https?|wss?):\/\/(?!www\.w3\.org)|["'(]\/\/\w/.test(text))
  assert.deepEqual(
    foreign.map(({ path }) => path),
    [],
  )
})

describe('the texts', () => {
  const literal = [...code.matchAll(/\bt\(\s*'([^']+)'/g)].map(([, key]) => key!)
  const chosen = [...code.matchAll(/\? '([\w.-]+)' : '([\w.-]+)'/g)].flatMap(([, a, b]) => [a!, b!])
  /** `kind.` of `kind.${name}`, and families of words. */
  const families = [
    ...[...code.matchAll(/\bt\(\s*`([\w.]+\.)\$\{/g)].map(([, prefix]) => prefix!),
    ...[...code.matchAll(/\bword\('(\w+)'/g)].map(([, family]) => `${family}.`),
    ...[...code.matchAll(/family = '(\w+)'|family="(\w+)"/g)].map(([, a, b]) => `${a ?? b}.`),
  ]

  test('say everything in both languages, with the same names to fill in', () => {
    const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort()
    for (const [key, both] of Object.entries(texts)) {
      assert.equal(both.length, 2, key)
      assert.ok(
        both.every(text => text.trim() !== ''),
        key,
      )
      assert.deepEqual(holes(both[0]), holes(both[1]), key)
    }
  })

  test('have every key that the pages name', () => {
    const keys = literal.filter(key => !Object.hasOwn(texts, key))
    assert.deepEqual(keys, [])
    assert.ok(literal.length > 150)
  })

  test('have no key that no page names', () => {
    const used = new Set([...literal, ...chosen])
    const idle = Object.keys(texts).filter(key => !used.has(key) && !families.some(family => key.startsWith(family)))
    assert.deepEqual(idle, [])
  })
})
