import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formats } from './formats.ts'
import { linearPattern } from './linear-pattern.ts'

test('a pattern that would take for ever elsewhere comes to an end', { timeout: 120_000 }, () => {
  const patterns = ['^(a+)+$', '^(a|a)*$', '^(.*a){20}$', 'a*a*a*a*b', '^(a?){50}a{50}$', `^${'(a|a)'.repeat(30)}$`]
  for (const pattern of patterns) assert.equal(linearPattern(pattern).test(`${'a'.repeat(40_000)}!`), false, pattern)
})

test('what RE2 cannot run is refused', () => {
  for (const pattern of ['(?=a)', '(?!a)', '(?<=a)b', '(a)\\1', 'a{1001}', '(', 'a'.repeat(1_001)]) {
    assert.throws(() => linearPattern(pattern), pattern)
  }
})

test('a pattern means the same as elsewhere', () => {
  const plain = [
    '^[A-Z]{3}$',
    '^https?://',
    '^-?[0-9]{1,3}(\\.[0-9]+)?$',
    '^(?:a|b)\\d\\.',
    '^[^@]+@x$',
    '^a{2,}$',
    '^é\\w$',
  ]
  const text = fc.string({ unit: fc.constantFrom(...'AZab019.-@xhtps:/é') })
  fc.assert(
    fc.property(fc.constantFrom(...plain), text, (pattern, text) => {
      assert.equal(linearPattern(pattern).test(text), new RegExp(pattern, 'u').test(text))
    }),
  )
})

const examples: [format: keyof typeof formats, good: string[], bad: string[]][] = [
  [
    'email',
    ['a@b.org', "o'neil+x@sub.example.co.uk"],
    ['a', '@b.org', 'a@b', 'a..b@c.org', '.a@b.org', 'a@-b.org', `${'a'.repeat(250)}@b.org`],
  ],
  ['hostname', ['example.org', 'a'], ['-a', 'a..b', 'a'.repeat(64), '']],
  ['ipv4', ['192.0.2.1'], ['192.0.2', '256.1.1.1']],
  ['ipv6', ['2001:db8::1', '::'], ['2001:db8::1%eth0', '1::2::3']],
  ['uri', ['https://example.org/a?b=c#d', 'urn:x:y'], ['/a', 'https://a b', 'http://%zz']],
  ['uri-reference', ['/a', ''], ['a b']],
  ['uuid', ['00000000-0000-4000-8000-000000000000'], ['0000']],
  ['regex', ['^a$'], ['(?=a)']],
  ['byte', ['YQ==', ''], ['YQ=', 'é===']],
  ['json-pointer', ['/a~1b'], ['/~2']],
]

test('a format knows good from bad', () => {
  for (const [format, good, bad] of examples) {
    const check = formats[format] as RegExp | ((text: string) => boolean)
    const fits = (text: string) => (check instanceof RegExp ? check.test(text) : check(text))
    for (const text of good) assert.ok(fits(text), `${format} ${text}`)
    for (const text of bad) assert.ok(!fits(text), `${format} ${text}`)
  }
})
