// Guesses from a text whether it holds personal data: an e-mail address, a phone number, an IBAN, a card number, an IP
// address. Only ever to warn a steward of a field that is kept in the clear, never to decide. How often it is right is
// measured on `labelled-texts.tsv`, beside it.

import { isIPv4, isIPv6 } from 'node:net'

export type SuspectKind = 'email' | 'phone' | 'iban' | 'card' | 'ip'

/** Of a longer text the beginning is looked at. */
const MAX_LENGTH = 2_000

/** Not what follows a scheme or a password in a URL, not `git@host:path`, not `icon@2x.png`. */
const EMAIL =
  /(?<![\p{L}\p{N}._%+:/-])[\p{L}\p{N}._%+-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,4}(?!(?:png|jpe?g|gif|svg|webp|js|css)\b)\p{L}{2,24}(?![\p{L}\p{N}:])/u

const PHONES = [
  // France, alone or in pairs: 06 12 34 56 78.
  /(?<![\p{L}\p{N}.,/+-])0[1-9]([ .-]?)\d{2}(?:\1\d{2}){3}(?![\p{L}\p{N}]|[.,-]\d)/u,
  // With a country's code (ITU-T E.164): +44 20 7946 0123, +33 (0)1 99 00 12 34.
  /(?<![\p{L}\p{N}.,])(?:\+|00(?=[1-9]\d{0,2}[ .-]))[1-9]\d{0,3}(?:[ ./-]?\(?\d{1,5}\)?){2,6}(?![\p{L}\p{N}]|[.,]\d)/u,
  // North America: (202) 555-0123, 202-555-0123.
  /(?<![\p{L}\p{N}.-])(?:\([2-9]\d{2}\) ?|[2-9]\d{2}([.-]))[2-9]\d{2}[.-]\d{4}(?![\p{L}\p{N}]|[.-]\d)/u,
  // The United Kingdom: 020 7946 0123, 01632 960123.
  /(?<![\p{L}\p{N}.,-])0\d{2,4} \d{3,4} ?\d{3,4}(?![\p{L}\p{N}]|[ .-]\d)/u,
]
/** ITU-T E.164; numbers with fewer digits are mostly something else. */
const PHONE_DIGITS = { least: 9, most: 15 }

const IBAN = /(?<![\p{L}\p{N}])[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?(?![\p{L}\p{N}])/giu
/** Lengths by country (SWIFT's IBAN registry): those most often met in Europe and around it. */
const IBAN_LENGTHS = new Map(
  (
    'AD24 AE23 AL28 AT20 BA20 BE16 BG22 BH22 BR29 CH21 CY28 CZ24 DE22 DK18 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 ' +
    'GI23 GL18 GR27 HR21 HU28 IE22 IL23 IS26 IT27 JO30 KW30 KZ20 LB28 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MT31 ' +
    'MU30 NL18 NO15 PK24 PL28 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 TN24 TR26 UA29 VA22 VG24 XK20'
  )
    .split(' ')
    .map(entry => [entry.slice(0, 2), Number(entry.slice(2))]),
)

const CARD = /(?<![\p{L}\p{N}.,+-])\d(?:[ -]?\d){12,18}(?![\p{L}\p{N}]|[.,-]\d)/gu
/** Issuers' ranges with the lengths of their numbers (ISO/IEC 7812): Visa, Mastercard, American Express, Diners, Discover, JCB, UnionPay. */
const ISSUERS = [
  /^4(?:\d{12}|\d{15}|\d{18})$/,
  /^(?:5[1-5]|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d*$(?<=^\d{16})/,
  /^3[47]\d{13}$/,
  /^3(?:0[0-5]|[68]\d)\d{11}$/,
  /^6(?:011|5\d\d)\d{12}$/,
  /^35(?:2[89]|[3-8]\d)\d{12}$/,
  /^62\d{14,17}$/,
]

/** Not a version, nor a part of something with more parts. */
const IPV4 =
  /(?<![\p{L}\p{N}.-]|(?:version|release|build|section|chapter|art\.|§) ?)\d{1,3}(?:\.\d{1,3}){3}(?![\p{L}\p{N}-]|\.\d)/giu
const IPV6 = /(?<![\p{L}\p{N}:.])[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}(?![\p{L}\p{N}:])/giu

/** What a text looks like, by the first that fits; undefined: nothing of these. */
export function looksPersonal(text: string): SuspectKind | undefined {
  const seen = text.length > MAX_LENGTH ? text.slice(0, MAX_LENGTH) : text
  if (seen.includes('@') && EMAIL.test(seen)) return 'email'
  if (!/\d/.test(seen)) return undefined
  if (some(seen, IBAN, isIban)) return 'iban'
  if (some(seen, CARD, isCard)) return 'card'
  if (some(seen, IPV4, isHost) || some(seen, IPV6, found => /\d/.test(found) && isIPv6(found) && found !== '::1'))
    return 'ip'
  return PHONES.some(pattern => isPhone(pattern.exec(seen)?.[0])) ? 'phone' : undefined
}

function some(text: string, pattern: RegExp, holds: (found: string) => boolean): boolean {
  for (const [found] of text.matchAll(pattern)) if (holds(found)) return true
  return false
}

function isPhone(found: string | undefined): boolean {
  if (found === undefined) return false
  const digits = found.replace(/\D/g, '')
  return digits.length >= PHONE_DIGITS.least && digits.length <= PHONE_DIGITS.most && !isOneDigit(digits)
}

/** Check digits by ISO 7064 mod 97-10, as ISO 13616 has it. */
function isIban(found: string): boolean {
  const iban = found.replaceAll(' ', '').toUpperCase()
  if (IBAN_LENGTHS.get(iban.slice(0, 2)) !== iban.length) return false
  const digits = [...iban.slice(4), ...iban.slice(0, 4)].map(character => Number.parseInt(character, 36)).join('')
  return BigInt(digits) % 97n === 1n
}

/** Check digit by Luhn's formula (ISO/IEC 7812-1, annex B). */
function isCard(found: string): boolean {
  const digits = found.replace(/\D/g, '')
  if (!ISSUERS.some(range => range.test(digits)) || isOneDigit(digits.slice(1))) return false
  let sum = 0
  for (const [i, digit] of [...digits].reverse().entries()) {
    const doubled = Number(digit) * (1 + (i % 2))
    sum += doubled > 9 ? doubled - 9 : doubled
  }
  return sum % 10 === 0
}

/** That of any machine by itself, or of none, is nobody's. */
function isHost(found: string): boolean {
  return isIPv4(found) && !/^(?:0|127|255)\./.test(found)
}

const isOneDigit = (digits: string) => /^(\d)\1*$/.test(digits)
