// Numbers, times and stored values as people of the reader's language write them.

import { html } from 'htm/preact'
import { locale, t } from './text.js'

const DAY_MS = 86_400_000
/** Of a text in a table; the whole of it shows where one points to it. */
const MAX_TEXT = 26

export function number(value, options) {
  return new Intl.NumberFormat(locale(), options).format(value)
}

/** Of a whole: `37 %`. */
export function share(part, whole) {
  return number(whole === 0 ? 1 : part / whole, { style: 'percent', maximumFractionDigits: 1 })
}

/** Of a share, 0 to 1, or of nothing. */
export function percent(value) {
  return value === null || value === undefined
    ? '–'
    : number(value, { style: 'percent', maximumFractionDigits: value > 0.99 ? 2 : 1 })
}

const spans = [
  ['day', DAY_MS],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
  ['millisecond', 1],
]

/** A length of time in the greatest unit of which there are two. @param {number} ms */
export function span(ms) {
  const [unit, size] = spans.find(([, each]) => Math.abs(ms) >= 2 * each) ?? spans.at(-1)
  return number(ms / size, { style: 'unit', unit, unitDisplay: 'short', maximumSignificantDigits: 3 })
}

/** @param {string} at RFC 3339 @param {{ seconds?: boolean, dateOnly?: boolean }} options */
export function timeText(at, { seconds = false, dateOnly = false } = {}) {
  const clock = dateOnly ? {} : { timeStyle: seconds ? 'medium' : 'short' }
  return new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', ...clock }).format(new Date(at))
}

/** As a field for times takes it: in the reader's zone, without naming it. */
export function localTime(at) {
  if (!at) return ''
  const time = new Date(at)
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}

export function Time({ at, ...options }) {
  return at ? html`<time datetime=${at} title=${at}>${timeText(at, options)}</time>` : html`<span>–</span>`
}

const units = { s: 'second', m: 'minute', h: 'hour', d: 'day' }

/** As policies write it (`400d`), in words. */
export function duration(text) {
  const [, length, unit] = /^(\d+)([smhd])$/.exec(text) ?? []
  return unit ? number(Number(length), { style: 'unit', unit: units[unit], unitDisplay: 'long' }) : text
}

/** @param {string} text as policies write it */
export function durationMs(text) {
  return Number.parseInt(text, 10) * new Map(spans).get(units[text.at(-1)])
}

/** Whole days from now: below zero once they are over. */
export function daysUntil(at) {
  return Math.floor((Date.parse(at) - Date.now()) / DAY_MS)
}

/** A stored value: what is sealed or a token says so, and is not shown at length. */
export function Stored({ value }) {
  if (value === null || value === undefined) return html`<span class="soft">–</span>`
  if (typeof value === 'number') return html`<span>${number(value)}</span>`
  if (typeof value !== 'string') return html`<span class="mono">${JSON.stringify(value)}</span>`
  if (value.startsWith('enc1.'))
    return html`<span class="chip" title=${t('value.sealedWhy')}>${t('value.sealed')}</span>`
  if (value.startsWith('tok1.'))
    return html`<span class="chip" title=${t('value.tokenWhy')}>${t('value.token')} <span class="mono">${value.slice(-6)}</span></span>`
  if (/^p1\.\S{12,}$/.test(value)) return html`<span class="mono" title=${value}>${value.slice(0, 12)}…</span>`
  if (value.length > MAX_TEXT) return html`<span title=${value}>${value.slice(0, MAX_TEXT - 8)}…</span>`
  return html`<span>${value}</span>`
}
