import assert from 'node:assert/strict'
import { test } from 'node:test'
import { patternSize } from './pattern-size.ts'

const sizes: Record<string, number> = {
  '^(M|F)$': 2,
  '^(?:oui|non)$': 2,
  '^M$|^F$': 2,
  '^[0-9]{2}$': 100,
  '^[A-Z]{2}-\\d{3}$': 676_000,
  '^[A-Za-z_]$': 53,
  '^[\\d\\-.]$': 12,
  '^\\+?[1-9]$': 18,
  '^a?[bc]{0,2}$': 14,
  '^\\d{6}$': 1_000_000,
  '^(é|è)$': 2,
}

for (const [pattern, size] of Object.entries(sizes)) {
  test(`${pattern} lets ${size} texts pass`, () => assert.equal(patternSize(pattern), size))
}

const endless = [
  'M|F',
  '^M|F$',
  '^M',
  'F$',
  '^a+$',
  '^.$',
  '^[^a]$',
  '^[ -~]$',
  '^\\p{L}$',
  '^(?=a)a$',
  '^[A-Z]{2,}$',
  '^\\bM$',
  '',
]

for (const pattern of endless) {
  test(`${pattern} counts as endless`, () => assert.equal(patternSize(pattern), Infinity))
}
