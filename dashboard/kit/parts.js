// The parts that all pages are made of: a page's frame, tables, states, problems, and what stands where nothing is.

import { html } from 'htm/preact'
import { useEffect, useRef } from 'preact/hooks'
import { number } from './show.js'
import { t, word } from './text.js'

/** Tells those who do not see the page what happened. */
export function say(text) {
  document.getElementById('said').textContent = text
}

/** A page: its heading gets the focus when one comes to it. */
export function Page({ title, lead, back, children }) {
  const heading = useRef(null)
  useEffect(() => {
    document.title = `${title} · Écluse`
  }, [title])
  useEffect(() => heading.current.focus({ preventScroll: true }), [])
  return html`<article class="page">
    ${back && html`<p class="back"><a href=${back.href}>← ${back.text}</a></p>`}
    <h1 tabindex="-1" ref=${heading}>${title}</h1>
    ${lead && html`<p class="lead">${lead}</p>`}
    ${children}
  </article>`
}

export function Section({ title, note, children, id }) {
  return html`<section aria-labelledby=${id}>
    <h2 id=${id}>${title}</h2>
    ${note && html`<p class="note">${note}</p>`}
    ${children}
  </section>`
}

/**
 * @param {{ caption: string, columns: { label: any, show: (row: any) => any, numeric?: boolean, head?: boolean }[],
 *   rows: any[], keyOf?: (row: any) => string, quiet?: boolean, kind?: string }} props `quiet`: the caption repeats
 *   the heading above
 */
export function Table({ caption, columns, rows, keyOf, quiet = false, kind }) {
  const cell = (column, row) => {
    const align = column.numeric ? 'numeric' : undefined
    return column.head
      ? html`<th scope="row" class=${align}>${column.show(row)}</th>`
      : html`<td class=${align}>${column.show(row)}</td>`
  }
  return html`<div class="scroll" role="group" aria-label=${caption} tabindex="0">
    <table class=${kind}>
      <caption class=${quiet ? 'unseen' : undefined}>${caption}</caption>
      <thead>
        <tr>${columns.map(column => html`<th scope="col" class=${column.numeric ? 'numeric' : undefined}>${column.label}</th>`)}</tr>
      </thead>
      <tbody>
        ${rows.map((row, i) => html`<tr key=${keyOf ? keyOf(row) : i}>${columns.map(column => cell(column, row))}</tr>`)}
      </tbody>
    </table>
  </div>`
}

/** A list by cursor as a table, or what to do where it is empty. */
export function List({ list, empty, ...table }) {
  if (list.problem) return html`<${Trouble} problem=${list.problem} />`
  if (list.loading && list.items.length === 0) return html`<${Waiting} />`
  if (list.items.length === 0) return empty
  return html`
    <${Table} ...${table} rows=${list.items} />
    <p class="under">
      <span class="soft">${t('list.shown', { count: number(list.items.length) })}</span>
      ${list.more && html`<button type="button" class="quiet" onClick=${list.more}>${t('list.more')}</button>`}
      ${list.isFull && html`<span class="soft">${t('list.full')}</span>`}
    </p>`
}

export function Waiting() {
  return html`<p class="waiting soft">${t('waiting')}</p>`
}

/** @param {{ title: string, children: any }} props what to do next stands in it */
export function Empty({ title, children }) {
  return html`<div class="empty"><p class="empty-title">${title}</p><p>${children}</p></div>`
}

/** What was answered instead: its kind in the reader's language, and the gateway's own words, which are English. */
export function Trouble({ problem }) {
  return html`<div class="trouble" role="alert">
    <p class="trouble-title">${problem.slug ? word('problem', problem.slug) : t('problem.internal')}</p>
    ${problem.message && html`<p lang="en">${problem.message}</p>`}
    ${problem.fix && html`<p lang="en" class="soft">${problem.fix}</p>`}
  </div>`
}

const tones = {
  done: 'good',
  approved: 'good',
  pending: 'warn',
  refused: 'bad',
  ok: 'good',
  resolved: 'good',
  running: 'busy',
  queued: 'busy',
  acknowledged: 'busy',
  blocked: 'warn',
  warning: 'warn',
  medium: 'warn',
  open: 'warn',
  failed: 'bad',
  unavailable: 'bad',
  high: 'bad',
  critical: 'bad',
}

/** A word of the API with a colour that only repeats what it says. */
export function State({ name, family = 'state' }) {
  return html`<span class=${`state ${tones[name] ?? ''}`}>${word(family, name)}</span>`
}

/** Names with values. @param {{ facts: [label: string, value: any][] }} props */
export function Facts({ facts }) {
  return html`<dl class="facts">
    ${facts.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}
  </dl>`
}

/** Text to be copied, where the browser lets pages do that: over TLS and on this machine. */
export function Code({ label, text }) {
  const copy = async () => {
    await navigator.clipboard.writeText(text)
    say(t('copied'))
  }
  return html`<figure class="code">
    <figcaption>${label}${navigator.clipboard && html`<button type="button" class="quiet" onClick=${copy}>${t('copy')}</button>`}</figcaption>
    <pre tabindex="0" role="group" aria-label=${label}>${text}</pre>
  </figure>`
}
