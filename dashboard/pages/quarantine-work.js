// A replay or a discard: how far it is while it goes on, its counts by outcome, and those that were filed before.

import { html } from 'htm/preact'
import { useEffect, useState } from 'preact/hooks'
import { call } from '../kit/call.js'
import { useStream } from '../kit/load.js'
import { Section, State, say, Table } from '../kit/parts.js'
import { number, Time } from '../kit/show.js'
import { t, word } from '../kit/text.js'

/** Of each kind, the newest. */
const SHOWN = 10
/** With these outcomes an entry leaves the quarantine, or has left it. */
const LEAVES = ['accepted', 'duplicate', 'suppressed']

/** Entries that a replay takes out, from its counts. */
export function leaving(counts) {
  return LEAVES.reduce((sum, outcome) => sum + counts[outcome], 0)
}

/**
 * @param {{ kind: 'replay' | 'discard', request: object, onChange: (request: object) => void, onDone?: () => void }} props
 */
export function Work({ kind, request, onChange, onDone }) {
  const isOver = request.finishedAt !== null
  const path = `/v1/quarantine/${kind}s/${encodeURIComponent(request.id)}/events`
  useStream(isOver ? null : path, 'progress', progress => {
    onChange(progress)
    return progress.finishedAt === null ? undefined : 'over'
  })
  const title = titleOf(kind, request)
  useEffect(() => {
    if (!isOver) return
    say(t('quarantine.said', { what: title, state: word('work', request.state) }))
    onDone?.()
  }, [isOver])
  return html`<div class="work">
    <p><strong>${title}</strong> <${State} name=${request.state} family="work" /></p>
    ${request.because && html`<p class="note" lang="en">${request.because}</p>`}
    ${
      !isOver &&
      html`<p><progress max=${Math.max(request.total, 1)} value=${request.done} aria-label=${title}></progress>
        <span class="soft">${t('quarantine.doneOf', { done: number(request.done), total: number(request.total) })}</span></p>`
    }
    ${request.counts && html`<${Counts} kind=${kind} title=${title} counts=${request.counts} />`}
    ${request.logUntil && html`<p class="note">${t('quarantine.logUntil')} <${Time} at=${request.logUntil} /></p>`}
  </div>`
}

function Counts({ kind, title, counts }) {
  const rows = Object.entries(counts).filter(([, count]) => count > 0)
  if (rows.length === 0) return html`<p class="note">${t('quarantine.nothingThere')}</p>`
  const columns = [
    { label: t('quarantine.outcome'), head: true, show: ([outcome]) => word('became', `${kind}.${outcome}`) },
    { label: t('quarantine.count'), numeric: true, show: ([, count]) => number(count) },
    { label: t('quarantine.means'), show: ([outcome]) => word('means', `${kind}.${outcome}`) },
  ]
  return html`<${Table} quiet caption=${title} rows=${rows} columns=${columns} keyOf=${([outcome]) => outcome} />`
}

function titleOf(kind, { dryRun }) {
  return dryRun ? t('quarantine.dryRun') : t(`quarantine.${kind}ed`)
}

/** What was filed: so that nobody replays twice, and a long one is found again. */
export function Done({ dataset }) {
  const [items, setItems] = useState([])
  useEffect(() => {
    const asked = new URLSearchParams({ dataset, limit: SHOWN })
    const kinds = ['replay', 'discard']
    Promise.all(kinds.map(kind => call(`/v1/quarantine/${kind}s?${asked}`))).then(
      lists =>
        setItems(
          lists
            .flatMap((list, i) => list.items.map(item => ({ ...item, kind: kinds[i] })))
            .sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
            .slice(0, SHOWN),
        ),
      () => {},
    )
  }, [])
  if (items.length === 0) return null
  const outcomes = ({ kind, counts }) =>
    Object.entries(counts ?? {})
      .filter(([, count]) => count > 0)
      .map(([outcome, count]) => `${word('became', `${kind}.${outcome}`)} ${number(count)}`)
      .join(' · ') || '–'
  const columns = [
    { label: t('time'), head: true, show: ({ createdAt }) => html`<${Time} at=${createdAt} seconds=${true} />` },
    { label: t('quarantine.what'), show: each => titleOf(each.kind, each) },
    {
      label: t('quarantine.ofWhat'),
      show: ({ cause, ids }) =>
        cause ? html`<span class="mono">${cause}</span>` : t('quarantine.named', { count: ids?.length ?? 0 }),
    },
    { label: t('audit.actor'), show: ({ createdBy }) => html`<span class="mono">${createdBy}</span>` },
    { label: t('requests.state'), show: ({ state }) => html`<${State} name=${state} family="work" />` },
    { label: t('quarantine.outcomes'), show: outcomes },
  ]
  return html`<${Section} id="done" title=${t('quarantine.done')}>
    <${Table} quiet caption=${t('quarantine.done')} rows=${items} columns=${columns} keyOf=${({ id }) => id} />
  </${Section}>`
}
