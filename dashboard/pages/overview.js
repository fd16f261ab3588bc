// The way of events as it happens: what came, what became of it, what was stored, and whether every port answers.

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { datasetsWhere } from '../kit/call.js'
import { Lines } from '../kit/chart.js'
import { useStream } from '../kit/load.js'
import { Empty, Page, Section, State, say, Table, Waiting } from '../kit/parts.js'
import { link } from '../kit/route.js'
import { number, share, Time, timeText } from '../kit/show.js'
import { t, word } from '../kit/text.js'

/** Seconds that the line goes back. */
const KEPT = 120
const COUNTS = ['received', 'accepted', 'rejected', 'suppressed']

export function OverviewPage() {
  const [seen, setSeen] = useState([])
  const isOpen = useStream('/v1/overview/events', 'overview', overview => {
    setSeen(before => {
      tellPorts(before.at(-1), overview)
      return [...before, overview].slice(-KEPT)
    })
  })
  const now = seen.at(-1)
  return html`<${Page} title=${t('page.overview')} lead=${t('overview.lead')}>
    ${now ? html`<${Shown} now=${now} seen=${seen} isOpen=${isOpen} />` : html`<${Waiting} />`}
  </${Page}>`
}

/** Of all that changes every second, this alone is worth an interruption. */
function tellPorts(before, { ports }) {
  for (const [name, state] of Object.entries(ports))
    if (before && before.ports[name] !== state)
      say(t('overview.portSaid', { port: word('port', name), state: word('state', state) }))
}

function Shown({ now, seen, isOpen }) {
  const sum = name => now.flows.reduce((total, flow) => total + flow[name], 0)
  const totals = Object.fromEntries(COUNTS.map(name => [name, sum(name)]))
  const stored = now.flows.some(flow => flow.stored)
    ? now.flows.reduce((total, flow) => total + (flow.stored?.effective ?? 0), 0)
    : null
  return html`
    <p class="soft"><span class=${isOpen ? 'pulse' : 'pulse stopped'} aria-hidden="true"></span>${isOpen ? t('overview.live') : t('overview.notLive')} ${t('overview.since', { time: timeText(now.since) })}</p>
    <${Flow} totals=${totals} stored=${stored} waiting=${now.waiting} />
    ${totals.received === 0 && html`<${Empty} title=${t('overview.nothing')}>${t('overview.nothingDo')} <a href=${link(['datasets', datasetsWhere('describe')[0] ?? ''])}>${t('overview.nothingLink')}</a></${Empty}>`}
    <${Rate} seen=${seen} />
    <${Section} id="by-dataset" title=${t('overview.byDataset')}><${ByDataset} flows=${now.flows} /></${Section}>
    <${Section} id="ports" title=${t('overview.ports')} note=${t('overview.portsNote')}>
      <ul class="ports">
        ${Object.entries(now.ports).map(
          ([name, state]) => html`<li><span>${word('port', name)}</span><${State} name=${state} /></li>`,
        )}
      </ul>
    </${Section}>`
}

function Flow({ totals, stored, waiting }) {
  const step = (name, value, note) => html`<div class=${`step ${name}`}>
    <p class="step-name">${t(`outcome.${name}`)}</p>
    <p class="step-count">${value === null ? '–' : number(value)}</p>
    <p class="step-note">${note}</p>
  </div>`
  const of = name => (totals.received === 0 ? '–' : share(totals[name], totals.received))
  return html`<div class="flow" role="group" aria-label=${t('overview.flow')}>
    ${step('received', totals.received, t('overview.receivedNote'))}
    <span class="flow-arrow" aria-hidden="true"></span>
    <div class="flow-fork">
      ${step('accepted', totals.accepted, of('accepted'))}
      ${step('rejected', totals.rejected, of('rejected'))}
      ${step('suppressed', totals.suppressed, of('suppressed'))}
    </div>
    <span class="flow-arrow" aria-hidden="true"></span>
    ${step('stored', stored, stored === null ? t('overview.storedElsewhere') : waiting ? t('overview.waiting', { count: number(waiting) }) : t('overview.storedNote'))}
  </div>`
}

/** Events a second, from one reading to the next. */
function Rate({ seen }) {
  const rates = seen.slice(1).map((each, i) => {
    const seconds = (Date.parse(each.at) - Date.parse(seen[i].at)) / 1000 || 1
    const came = name =>
      each.flows.reduce((total, flow) => total + flow[name], 0) -
      seen[i].flows.reduce((total, flow) => total + flow[name], 0)
    return { at: each.at, accepted: came('accepted') / seconds, rejected: came('rejected') / seconds }
  })
  if (rates.length < 2) return null
  const rounded = value => Math.round(value * 10) / 10
  const lines = ['accepted', 'rejected'].map(name => ({
    name: t(`outcome.${name}`),
    values: rates.map(each => rounded(each[name])),
  }))
  return html`<${Section} id="rate" title=${t('overview.rate')}>
    <${Lines} label=${t('overview.rate')} times=${rates.map(({ at }) => Date.parse(at) / 1000)} lines=${lines} />
    <details>
      <summary>${t('chart.asTable')}</summary>
      <${Table} caption=${t('overview.rateTable')} rows=${rates.slice(-10).reverse()} keyOf=${({ at }) => at} columns=${[
        { label: t('time'), head: true, show: ({ at }) => html`<${Time} at=${at} seconds=${true} />` },
        ...['accepted', 'rejected'].map(name => ({
          label: t(`outcome.${name}`),
          numeric: true,
          show: each => number(rounded(each[name])),
        })),
      ]} />
    </details>
  </${Section}>`
}

function ByDataset({ flows }) {
  const columns = [
    {
      label: t('dataset'),
      head: true,
      show: ({ dataset }) => html`<a href=${link(['datasets', dataset])}>${dataset}</a>`,
    },
    ...COUNTS.map(name => ({ label: t(`outcome.${name}`), numeric: true, show: flow => number(flow[name]) })),
    ...['effective', 'duplicate', 'conflict', 'held', 'quarantined'].map(name => ({
      label: t(`effect.${name}`),
      numeric: true,
      show: ({ stored }) => (stored ? number(stored[name]) : '–'),
    })),
  ]
  return html`<${Table} quiet caption=${t('overview.byDataset')} rows=${flows} columns=${columns} keyOf=${({ dataset }) => dataset} />`
}
