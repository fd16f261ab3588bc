import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ParsedEvent, parseStrict } from '../../governance/ingestion/strict-json.ts'
import { bodyLimits } from '../../test/body-limits.ts'
import { RequestRefused } from './request-refused.ts'
import { splitEvents } from './split-events.ts'

const limits = bodyLimits({ stringLength: 1000 })

const parse = (text: string | Buffer): ParsedEvent => parseStrict(Buffer.from(text as string), limits)
const keywordOf = (text: string | Buffer): string | undefined => parse(text).violation?.keyword

/** JSON text for the same value with random spaces, and characters of strings escaped or not. */
function rewrite(text: string, spaces: string[], escapes: boolean[]): string {
  let n = 0
  return text.replace(/"(?:[^"\\]|\\.)*"|[[\]{},:]/g, token => {
    n++
    if (token.length === 1) return spaces[n % spaces.length]! + token + spaces[(n * 7) % spaces.length]!
    if (!escapes[n % escapes.length]) return token
    const units = JSON.parse(token).split('') as string[]
    return `"${units.map(unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}"`
  })
}

const space = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 2 })
const someSpaces = fc.array(space, { minLength: 1 })
const someBooleans = fc.array(fc.boolean(), { minLength: 1 })
/** Any JSON value without a member of a forbidden name, which fast-check likes to make. */
const json = fc
  .jsonValue({ stringUnit: 'binary' })
  .filter(value => !/__proto__|"(?:constructor|prototype)":/.test(JSON.stringify(value)))

test('any JSON object is accepted with an equal value, however it is spaced and escaped', () => {
  const property = fc.property(json, someSpaces, someBooleans, (value, spaces, escapes) => {
    const text = JSON.stringify({ value })
    assert.deepEqual(parse(text), { value: JSON.parse(text) })
    assert.deepEqual(parse(rewrite(text, spaces, escapes)), { value: JSON.parse(text) })
  })
  fc.assert(property)
})

test('a body corrupted at random is refused, rejected, or what JSON.parse takes it for; nothing else is thrown', () => {
  const change = fc.record({ at: fc.nat(), remove: fc.nat(3), insert: fc.uint8Array({ maxLength: 2 }) })
  const syntax = fc.record({
    at: fc.nat(),
    remove: fc.nat(2),
    insert: fc.constantFrom(...'[]{},:"\\u 0e-.').map(text => Uint8Array.from(Buffer.from(text))),
  })
  const changes = fc.array(fc.oneof(change, syntax), { maxLength: 3 })
  const property = fc.property(
    fc.array(fc.dictionary(fc.string(), json), { maxLength: 4 }),
    changes,
    (values, made) => {
      let body = Buffer.from(JSON.stringify(values))
      for (const { at, remove, insert } of made) {
        const start = at % (body.length + 1)
        body = Buffer.concat([body.subarray(0, start), insert, body.subarray(start + remove)])
      }
      let parsed: ParsedEvent[]
      try {
        parsed = splitEvents(body, limits).map(span =>
          parseStrict(body.subarray(span.start, span.end), limits, span.depth),
        )
      } catch (error) {
        assert.ok(error instanceof RequestRefused)
        return
      }
      if (parsed.some(event => event.violation)) return
      assert.deepEqual(
        parsed.map(event => event.value),
        [JSON.parse(body.toString())].flat(),
      )
    },
  )
  fc.assert(property, { numRuns: 500 })
})

test('a name that is there twice is rejected, also escaped, with an equal value, or deep inside', () => {
  for (const text of [
    '{"a":1,"a":2}',
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":1}',
    '{"x":[{"y":{"b":[],"c":0, "b":[]}}]}',
    '{"":1,"":1}',
    '{"a":{"a":1},"a" :{"a":1}}',
  ]) {
    assert.equal(keywordOf(text), 'duplicate', text)
  }
  assert.equal(keywordOf('{"a":{"a":"a"}, "b":["a", "a", {"a":1}, {"a":1}], "A":"a"}'), undefined)
})

test('any member that is repeated anywhere in an object is rejected', () => {
  const members = fc.uniqueArray(
    fc.string().filter(name => !['__proto__', 'constructor', 'prototype'].includes(name)),
    { minLength: 1 },
  )
  const property = fc.property(
    members,
    json,
    fc.nat(),
    someSpaces,
    someBooleans,
    (names, value, pick, spaces, escapes) => {
      const all = [...names, names[pick % names.length]!]
      const text = `{${all.map(name => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(',')}}`
      assert.equal(keywordOf(rewrite(text, spaces, escapes)), 'duplicate')
    },
  )
  fc.assert(property)
})

test('a number that would lose digits is rejected; another way to write a number is not', () => {
  for (const number of [
    '12345678901234567890',
    '1e400',
    '-1e400',
    '0.1000000000000000055',
    '9007199254740993',
    '1e-400',
  ]) {
    assert.equal(keywordOf(`{"a":${number}}`), 'number', number)
    assert.equal(keywordOf(`{"a": [${number} ]}`), 'number', number)
  }
  for (const number of ['1.0', '1e2', '1E+2', '1.10', '-0', '0.0', '0e9', '100000000000000000000', '1e21', '1.50e-7']) {
    assert.deepEqual(parse(`{"a":${number}}`), { value: { a: Number(number) } }, number)
  }
})

test('a decimal is accepted exactly if JavaScript writes the same decimal again', () => {
  /** A decimal as an integer times a power of ten. */
  const exact = (source: string): string => {
    const [, sign, whole, fraction = '', exponent = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(source)!
    const digits = `${whole}${fraction}`.replace(/^0+/, '')
    const kept = digits.replace(/0+$/, '')
    return kept === '' ? '0' : `${sign}${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`
  }
  const digits = fc.bigInt({ min: 0n, max: 10n ** 22n }).map(String)
  const fraction = fc.option(fc.stringMatching(/^\d{1,20}$/), { nil: '' })
  const property = fc.property(
    fc.boolean(),
    digits,
    fraction,
    fc.integer({ min: -30, max: 30 }),
    (minus, whole, part, e) => {
      const source = `${minus ? '-' : ''}${whole}${part && `.${part}`}${e === 0 ? '' : `e${e}`}`
      const same = exact(source) === exact(String(Number(source)))
      assert.equal(keywordOf(`{"n":${source}}`), same ? undefined : 'number', source)
    },
  )
  fc.assert(property, { numRuns: 300 })
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), n => {
      assert.deepEqual(parse(`{"n": ${JSON.stringify(n)}}`), { value: { n: JSON.parse(JSON.stringify(n)) } })
    }),
  )
})

test('half of a surrogate pair is rejected, in values and names; a pair and an escaped backslash are not', () => {
  for (const text of ['{"a":"\\ud800"}', '{"a":"\\uDC00 x"}', '{"\\ud83d":1}', '{"a":"\\ude00\\ud83d"}']) {
    assert.equal(keywordOf(text), 'string', text)
  }
  assert.deepEqual(parse('{"a":"\\ud83d\\ude00"}'), { value: { a: '😀' } })
  assert.deepEqual(parse('{"a":"\\\\ud800"}'), { value: { a: '\\ud800' } })
})

test('a name that reaches into JavaScript objects is rejected; the same word as a value is not', () => {
  for (const name of ['__proto__', 'constructor', 'prototype', '\\u005f_proto__']) {
    assert.equal(keywordOf(`{"a":{"${name}":{"x":1}}}`), 'name', name)
    assert.equal(keywordOf(`{"a":["${name}"]}`), undefined, name)
  }
  assert.equal(keywordOf('{"constructors":1}'), undefined)
})

test('a string beyond the limit is rejected, names included', () => {
  assert.equal(keywordOf(`{"a":"${'x'.repeat(1001)}"}`), 'string')
  assert.equal(keywordOf(`{"${'x'.repeat(1001)}":1}`), 'string')
  assert.equal(keywordOf(`{"a":"${'x'.repeat(1000)}","b":"${'\\n'.repeat(1000)}"}`), undefined)
})

test('invalid UTF-8, too deep an event, broken JSON and what is no object are rejected', () => {
  assert.equal(keywordOf(Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])), 'utf8')
  assert.equal(keywordOf(Buffer.from('{"a":"\xe9"}', 'latin1')), 'utf8')
  const deep = (levels: number) => `{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`
  assert.equal(keywordOf(deep(limits.depth)), undefined)
  assert.equal(keywordOf(deep(limits.depth + 1)), 'depth')
  assert.equal(keywordOf(deep(200_000)), 'depth')
  for (const text of ['', '{', '{"a":tru}', "{'a':1}", '{"a":1}}', '{"a":NaN}', '{"a":01}', '{"a":"\n"}', ']]]][[[[']) {
    assert.equal(keywordOf(text), 'json', text)
  }
  assert.match(parse('\ufeff{}').violation!.fix, /byte order mark/)
  for (const text of ['1', '"text"', 'null', '[{"a":1}]', 'true']) assert.equal(keywordOf(text), 'type', text)
})

test('a rejection tells the byte offset and nothing of the content', () => {
  assert.match(parse('{"é":1,"secret":2,"secret":3}').violation!.detail, / at byte 19 of the event\.$/)
  assert.match(parse('{"é":secret}').violation!.detail, / at byte 6\.$/)
  for (const text of [
    '{"secret":1,"secret":2}',
    '{"a":secret}',
    '{"secret":1e400}',
    '{"a":"secret\\ud800"}',
    '"secret"',
  ]) {
    assert.doesNotMatch(JSON.stringify(parse(text)), /secret|1e400/)
  }
})
