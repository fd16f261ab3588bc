import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { addDecimals, type Decimal, decimalOf, showDecimal, showQuotient, squareOf, unscaledAt } from './decimal.ts'
import { anyNumber, exactly } from './measure-fixture.ts'

const add = (...numbers: number[]) => showDecimal(numbers.map(decimalOf).reduce(addDecimals))

test('a decimal is the number as it is written, to the last digit', () => {
  fc.assert(
    fc.property(anyNumber, number => {
      const decimal = decimalOf(number)
      assert.equal(unscaledAt(decimal, 400), exactly(number))
      assert.equal(showDecimal(decimal), number + 0)
      assert.ok(decimal[1] >= 0 && decimal[1] <= 324)
    }),
    { numRuns: 2_000 },
  )
})

test('the same decimal is written in the same way', () => {
  const canonical = ([unscaled]: Decimal) =>
    Number.isSafeInteger(Number(unscaled)) === (typeof unscaled === 'number') && !Object.is(unscaled, -0)
  fc.assert(
    fc.property(anyNumber, anyNumber, (a, b) => {
      const [left, right] = [decimalOf(a), decimalOf(b)]
      for (const each of [left, right, addDecimals(left, right), squareOf(left)]) assert.ok(canonical(each))
      assert.deepEqual(addDecimals(left, right), addDecimals(right, left))
    }),
  )
})

test('decimals add up to what they add up to on paper', () => {
  assert.equal(add(0.1, 0.2), 0.3)
  assert.equal(add(-0, -0), 0)
  assert.equal(add(1e308, 1e308), '2e+308')
  assert.equal(add(1e308, 1e308, -1e308), 1e308)
  assert.deepEqual(decimalOf(-0), [0, 0])
  assert.equal(add(5e-324, 1e308, -1e308), 5e-324)
  assert.equal(add(9007199254740991, 2), '9007199254740993')
  assert.equal(add(9007199254740991, 1), 9007199254740992)
  assert.equal(add(1e21, 0.5), '1.0000000000000000000005e+21')
  assert.equal(add(1e20, 0), 1e20)
  assert.equal(add(1e20, 0.5), '100000000000000000000.5')
  assert.equal(add(1e-6, 0), 1e-6)
  assert.equal(add(1234567890123457, -123456789012345.7), '1111111101111111.3')
  assert.equal(add(0, 1e-30), 1e-30)
  assert.equal(add(-1e22, -0.25), '-1.000000000000000000000025e+22')
  assert.equal(add(1e-7, 1e-30), '1.00000000000000000000001e-7')
  assert.equal(add(-0.001, 1e-22), '-0.0009999999999999999999')
  assert.equal(add(...Array(1_000).fill(0.01)), 10)
})

test('a square is exact, and so are sums of squares', () => {
  fc.assert(
    fc.property(anyNumber, anyNumber, (a, b) => {
      const [left, right] = [decimalOf(a), decimalOf(b)]
      const sum = addDecimals(squareOf(left), squareOf(right))
      assert.equal(unscaledAt(sum, 800), exactly(a) ** 2n + exactly(b) ** 2n)
    }),
  )
  assert.equal(showDecimal(squareOf(decimalOf(0.1))), 0.01)
  assert.equal(showDecimal(squareOf(decimalOf(94906267))), '9007199515875289')
})

test('what is shown as a number reads as the same decimal; only what no number holds is text', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 350 }), (n, scale) => {
      const shown = showDecimal([String(n), scale])
      assert.equal(exactly(shown), n * 10n ** BigInt(400 - scale))
      if (typeof shown === 'string') assert.notEqual(String(Number(shown)), shown)
    }),
    { numRuns: 1_000 },
  )
})

test('a quotient that ends is shown as it is, any other rounded to 15 digits, half to even', () => {
  assert.equal(showQuotient(1n, 0, 3n), 0.333333333333333)
  assert.equal(showQuotient(-2n, 0, 3n), -0.666666666666667)
  assert.equal(showQuotient(1n, 0, 8n), 0.125)
  assert.equal(showQuotient(0n, 5, 7n), 0)
  assert.equal(showQuotient(1234567890123456n, 16, 1n), 0.1234567890123456)
  // 17 digits that no double has, so 15 of them; 5 is a half.
  assert.equal(showQuotient(100000000000000005n, 17, 10n), 0.1)
  assert.equal(showQuotient(9007199254740993n, 0, 1n), 9007199254740990)
  assert.equal(showQuotient(9500000000000005n, 0, 1n), 9500000000000000)
  assert.equal(showQuotient(9500000000000015n, 0, 1n), 9500000000000020)
  assert.equal(showQuotient(-9500000000000015n, 3, 1n), -9500000000000.02)
  // A little more than a half.
  assert.equal(showQuotient(9500000000000005n * 3n + 1n, 0, 3n), 9500000000000010)
  assert.equal(showQuotient(9500000000000005n * 10n ** 30n + 1n, 0, 10n ** 30n), 9500000000000010)
  assert.equal(showQuotient(-9500000000000005n * 3n - 1n, 0, 3n), -9500000000000010)
  assert.equal(showQuotient(999999999999999999n, 0, 7n * 10n ** 17n), 1.42857142857143)
  assert.equal(showQuotient(99999999999999999n, 0, 1n), 100000000000000000)
  assert.equal(showQuotient(17976931348623157n * 10n ** 292n * 3n + 1n, 0, 3n), '1.79769313486232e+308')
})
