// A notice as people and programs read it: an e-mail's subject and text, Slack's blocks, a webhook's JSON. Numbers, names
// of datasets and sentences of our own: no evidence, and no value of an event.

import type { Language } from '../../runtime/language.ts'
import type { StoredAlertSample, StoredNotice } from '../../storage/stored-alert.ts'
import { type Words, words } from './notice-words.ts'

/** Characters of one detail. */
const MAX_DETAIL = 500

export interface Told {
  /** Of the delivery. */
  id: string
  route: string
  /** What the anomalies have in common. */
  group: Record<string, string>
  /** Undefined: a test. */
  notice: StoredNotice | undefined
  language: Language
  /** RFC 3339. */
  at: string
  /** Where people reach the dashboard. */
  publicUrl: string | undefined
}

export interface Message {
  subject: string
  /** Lines, without the link. */
  text: string
  link: string | undefined
  /** For programs. */
  body: { type: string; timestamp: string; data: object }
}

/** Types of a webhook's message: they are part of what outsiders rely on. */
const types = {
  opened: 'anomalies.opened',
  more: 'anomalies.more',
  repeated: 'anomalies.repeated',
  resolved: 'anomalies.resolved',
  test: 'alerts.test',
} as const

export function writeNotice(told: Told): Message {
  const { id, route, group, notice, at } = told
  const say = words[told.language]
  const link = linkOf(told)
  const title = titleOf(told, say)
  const lines = [title, '', ...(notice ? linesOf(notice, say) : [say.tested]), '', `${say.from(route)} · ${id}`]
  const data = { delivery: id, route, group, title, url: link ?? null, ...(notice && numbersOf(notice)) }
  return {
    subject: `[Écluse] ${badgeOf(notice, say)} · ${title}`,
    text: lines.join('\n'),
    link,
    body: { type: types[notice?.kind ?? 'test'], timestamp: at, data },
  }
}

function titleOf({ route, group, notice }: Told, say: Words): string {
  if (!notice) return say.test(route)
  const where = say.in(group.dataset)
  const what = say.anomalies(notice.kind === 'resolved' ? notice.all : notice.standing)
  const title = {
    opened: () => say.opened(say.anomalies(notice.fresh), where),
    more: () => say.more(notice.fresh, where),
    repeated: () => say.repeated(what, where),
    resolved: () => say.resolved(what, where),
  }[notice.kind]()
  return group.kind === undefined ? title : `${title}${say.colon} ${kindOf(group.kind, say)}`
}

function badgeOf(notice: StoredNotice | undefined, say: Words): string {
  if (!notice) return say.testing
  return notice.kind === 'resolved' ? say.over : severityOf(notice.severity, say)
}

function linesOf(notice: StoredNotice, say: Words): string[] {
  const { samples, fresh, standing, all, unwatched } = notice
  const shown = samples.map(sample => `- ${sampleLine(sample, say)}`)
  const others = (fresh > 0 ? fresh : standing) - samples.length
  return [
    ...(notice.kind === 'resolved' ? [] : [`${say.severity}${say.colon} ${severityOf(notice.severity, say)}`]),
    say.numbers(fresh, standing, all),
    ...(unwatched > 0 ? [say.unwatched(unwatched)] : []),
    ...(shown.length > 0 ? ['', ...shown] : []),
    ...(shown.length > 0 && others > 0 ? [say.others(others)] : []),
  ]
}

function sampleLine({ start, end, severity, dataset, kind, detail }: StoredAlertSample, say: Words): string {
  const when = start === end ? start : `${start} – ${end}`
  const said = detail === null ? `(${say.withheld})` : oneLine(detail)
  return `${when}, ${dataset}, ${kindOf(kind, say)}, ${severityOf(severity, say)}${say.colon} ${said}`
}

function numbersOf(notice: StoredNotice) {
  const { kind, severity, fresh, standing, all, unwatched, samples } = notice
  const counts = { new: fresh, standing, told: all, unwatched }
  const anomalies = samples.map(({ detail, ...sample }) => ({
    ...sample,
    detail: detail === null ? null : oneLine(detail),
  }))
  return { number: notice.number, ...(kind !== 'resolved' && { severity }), counts, anomalies }
}

function linkOf({ publicUrl, group }: Told): string | undefined {
  if (publicUrl === undefined) return undefined
  const query = group.dataset === undefined ? '' : `?${new URLSearchParams({ dataset: group.dataset })}`
  return `${publicUrl}/#/anomalies${query}`
}

function kindOf(kind: string, say: Words): string {
  return (say.kinds as Record<string, string>)[kind] ?? kind
}

function severityOf(severity: string, say: Words): string {
  return (say.severities as Record<string, string>)[severity] ?? severity
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim()
  return line.length > MAX_DETAIL ? `${line.slice(0, MAX_DETAIL - 1)}…` : line
}
