// The formats a schema may name, each checked in linear time: dates and numbers as ajv-formats checks them, the rest
// by hand where its expressions could be made slow.

import { isIPv4, isIPv6 } from 'node:net'
import { fullFormats } from 'ajv-formats/dist/formats.js'
import { linearPattern } from './linear-pattern.ts'

const { date, time, duration, int32, int64, float, double } = fullFormats

const HOST_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i
const MAILBOX = /^[a-z0-9!#$%&'*+/=?^_`{|}~.-]+$/i
const URI_TEXT = /^(?:[a-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9a-f]{2})*$/i
const URI_SCHEME = /^[a-z][a-z0-9+.-]*:/i

/** Format name -> its check, as Ajv takes them. */
export const formats = {
  date,
  time,
  'date-time': fullFormats['date-time'],
  'iso-time': fullFormats['iso-time'],
  'iso-date-time': fullFormats['iso-date-time'],
  duration,
  email: isEmail,
  hostname: isHostname,
  ipv4: isIPv4,
  ipv6: (text: string) => isIPv6(text) && !text.includes('%'),
  uri: (text: string) => URI_SCHEME.test(text) && URI_TEXT.test(text),
  'uri-reference': URI_TEXT,
  uuid: /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
  regex: isPattern,
  'json-pointer': /^(?:\/(?:[^~/]|~[01])*)*$/,
  'relative-json-pointer': /^(?:0|[1-9][0-9]*)(?:#|(?:\/(?:[^~/]|~[01])*)*)$/,
  byte: (text: string) => text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text),
  int32,
  int64,
  float,
  double,
} as const

/** RFC 5321 without quoted local parts and address literals. */
function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at)
  return (
    at > 0 &&
    text.length <= 254 &&
    MAILBOX.test(local) &&
    !local.startsWith('.') &&
    !local.endsWith('.') &&
    !local.includes('..') &&
    isHostname(text.slice(at + 1)) &&
    text.indexOf('.', at) > 0
  )
}

function isHostname(text: string): boolean {
  return text.length <= 253 && text.split('.').every(label => HOST_LABEL.test(label))
}

function isPattern(text: string): boolean {
  try {
    linearPattern(text)
    return true
  } catch {
    return false
  }
}
