// Exact decimals: what is summed is what was written. 0.1 + 0.2 is 0.3, and 1e308 + 1e308 is 2e308. Whole numbers of
// at most 2⁵³ - 1 are reckoned as such, all else as BigInt.

/**
 * unscaled ÷ 10^scale. The unscaled part is a number where that is exact, else decimal digits; the scale is 0 to 324
 * for what JSON numbers hold, twice that for squares. In a sum of n numbers, at most 633 + log₁₀ n digits.
 */
export type Decimal = [unscaled: number | string, scale: number]

/** As many digits as two different doubles never share. */
const SAFE_DIGITS = 15
/** As many digits as a double is ever written with. */
const DOUBLE_DIGITS = 17
/** Scales found without writing the number out; amounts have 2. */
const QUICK_SCALES = 6

/** The decimal that a JSON number is written as: the shortest that reads as this double (ECMA-262, Number::toString). */
export function decimalOf(number: number): Decimal {
  // -0 + 0 is 0.
  if (Number.isSafeInteger(number)) return [number + 0, 0]
  for (let scale = 1; scale <= QUICK_SCALES; scale++) {
    const unscaled = Math.round(number * 10 ** scale)
    if (Math.abs(unscaled) >= 10 ** SAFE_DIGITS) break
    // The division is rounded correctly, so this decimal reads as the number; none that is as short does beside it.
    if (unscaled / 10 ** scale === number) return [unscaled, scale]
  }
  const [mantissa, exponent] = number.toExponential().split('e') as [string, string]
  const [whole, fraction = ''] = mantissa.split('.') as [string, string?]
  const scale = fraction.length - Number(exponent)
  return fromBigInt(BigInt(whole + fraction) * power(Math.max(0, -scale)), Math.max(0, scale))
}

/** Changes neither. */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const scale = Math.max(a[1], b[1])
  const sum = roughly(a, scale) + roughly(b, scale)
  // Then both were exact: what is scaled up is even, so exact below 2⁵⁴, and above that no sum comes out safe.
  return Number.isSafeInteger(sum) ? [sum, scale] : fromBigInt(unscaledAt(a, scale) + unscaledAt(b, scale), scale)
}

export function squareOf([unscaled, scale]: Decimal): Decimal {
  const square = typeof unscaled === 'number' ? unscaled * unscaled : Number.NaN
  return Number.isSafeInteger(square) ? [square, 2 * scale] : fromBigInt(BigInt(unscaled) ** 2n, 2 * scale)
}

/** decimal × 10^scale, where that is a whole number: no scale smaller than the decimal's own. */
export function unscaledAt([unscaled, own]: Decimal, scale: number): bigint {
  return BigInt(unscaled) * power(scale - own)
}

/** A JSON number where reading it gives this very decimal, else its digits as text (`9007199254740993`, `2e+308`). */
export function showDecimal([unscaled, scale]: Decimal): number | string {
  return show(BigInt(unscaled), scale)
}

/**
 * unscaled ÷ 10^scale ÷ divisor: as it is, where it ends and a JSON number holds it exactly; else rounded to 15
 * significant digits, half to even. As text where no JSON number holds those.
 * @param divisor more than 0
 */
export function showQuotient(unscaled: bigint, scale: number, divisor: bigint): number | string {
  const longer = Math.max(0, DOUBLE_DIGITS + lengthOf(divisor) - lengthOf(unscaled))
  const dividend = unscaled * power(longer)
  const quotient = dividend / divisor
  const isExact = quotient * divisor === dividend
  const asItIs = isExact ? show(quotient, scale + longer) : undefined
  if (typeof asItIs === 'number') return asItIs
  const dropped = lengthOf(quotient) - SAFE_DIGITS
  return show(dropLast(quotient, dropped, isExact), scale + longer - dropped)
}

/** Without its last digits, rounded half to even; not exact: a little more of the same sign follows. */
function dropLast(number: bigint, digits: number, isExact: boolean): bigint {
  const unit = power(digits)
  const kept = number / unit
  const twice = 2n * absolute(number - kept * unit)
  const up = twice > unit || (twice === unit && (!isExact || kept % 2n !== 0n))
  return up ? kept + (number < 0n ? -1n : 1n) : kept
}

function show(unscaled: bigint, scale: number): number | string {
  const text = `${unscaled < 0n ? '-' : ''}${layOut(absolute(unscaled), scale)}`
  const number = Number(text)
  return String(number) === text ? number : text
}

/** Laid out as ECMA-262 does numbers (Number::toString), however many the digits. */
function layOut(unscaled: bigint, scale: number): string {
  if (unscaled === 0n) return '0'
  const all = String(unscaled)
  const digits = all.replace(/0+$/, '')
  const point = all.length - scale
  if (point > 21 || point < -5) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : ''
    return `${digits[0]}${fraction}e${point > 0 ? '+' : ''}${point - 1}`
  }
  if (point <= 0) return `0.${'0'.repeat(-point)}${digits}`
  if (digits.length <= point) return digits.padEnd(point, '0')
  return `${digits.slice(0, point)}.${digits.slice(point)}`
}

/** Not safe, or not a number, where that takes more than a double. */
function roughly([unscaled, own]: Decimal, scale: number): number {
  if (scale === own && typeof unscaled === 'number') return unscaled
  return typeof unscaled === 'number' ? unscaled * 10 ** (scale - own) : Number.NaN
}

function fromBigInt(unscaled: bigint, scale: number): Decimal {
  const number = Number(unscaled)
  return [Number.isSafeInteger(number) ? number : String(unscaled), scale]
}

function power(exponent: number): bigint {
  return 10n ** BigInt(exponent)
}

function absolute(number: bigint): bigint {
  return number < 0n ? -number : number
}

function lengthOf(number: bigint): number {
  return String(absolute(number)).length
}
