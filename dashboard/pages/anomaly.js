// One anomaly: what was seen and since when, what it may mean, what people made of it, and the next of these.

import { html } from 'htm/preact'
import { isPromise, rejectedAs } from '../kit/anomalies.js'
import { datasetsWhere, mayOn } from '../kit/call.js'
import { useLoad } from '../kit/load.js'
import { Empty, Facts, Page, Section, State, Table, Trouble, Waiting } from '../kit/parts.js'
import { link } from '../kit/route.js'
import { number, Time } from '../kit/show.js'
import { language, t, word } from '../kit/text.js'
import { Judge } from './judge.js'
import { EventLink } from './passport.js'
import { Unbalanced } from './unbalanced.js'

/** Shown before and after its windows in the quality report. */
const AROUND_MS = 1_800_000

export function AnomalyPage({ parts: [id] }) {
  const path = `/v1/anomalies/${encodeURIComponent(id)}`
  const { data: anomaly, problem, again } = useLoad(`${path}?language=${language.value}`)
  const back = { href: link(['anomalies'], { dataset: anomaly?.dataset }), text: t('page.anomalies') }
  return html`<${Page} title=${anomaly ? begun(word('anomaly', anomaly.kind)) : t('anomalies.one')} back=${back}>
    ${problem && html`<${Trouble} problem=${problem} />`}
    ${!anomaly && !problem && html`<${Waiting} />`}
    ${anomaly && html`<${Shown} anomaly=${anomaly} onChange=${again} />`}
  </${Page}>`
}

const begun = text => text[0].toLocaleUpperCase(language.value) + text.slice(1)

function Shown({ anomaly, onChange }) {
  const { dataset, kind, severity, state, detail, detectedAt, lastSeenAt, resolvedAt, window, windows, pointer } =
    anomaly
  const { event, position } = anomaly
  return html`
    <p class="big-state"><${State} name=${state} /></p>
    <p class="said">${detail}</p>
    <p class="note">${word('anomalyNote', kind)}</p>
    <${Facts} facts=${[
      [t('anomalies.severity'), html`<${State} name=${severity} family="severity" />`],
      [t('dataset'), html`<a href=${link(['datasets', dataset])}>${dataset}</a>`],
      ...(pointer ? [[t('anomalies.where'), html`<span class="mono">${pointer}</span>`]] : []),
      [t('anomalies.detectedAt'), html`<${Time} at=${detectedAt} seconds=${true} />`],
      ...(lastSeenAt ? [[t('anomalies.lastSeen'), html`<${Time} at=${lastSeenAt} seconds=${true} />`]] : []),
      ...(windows ? [[t('anomalies.windows'), number(windows)]] : []),
      ...(window ? [[t('anomalies.window'), html`<${Time} at=${window.start} /> – <${Time} at=${window.end} />`]] : []),
      ...(kind === 'conflict'
        ? [
            [
              t('anomalies.event'),
              event ? html`<${EventLink} dataset=${dataset} event=${event} />` : t('anomalies.noEvent'),
            ],
          ]
        : []),
      ...(event?.position ? [[t('anomalies.firstCopy'), html`<${Place} at=${event.position} />`]] : []),
      ...(position ? [[t('anomalies.position'), html`<${Place} at=${position} />`]] : []),
      ...(resolvedAt ? [[t('anomalies.resolvedAt'), html`<${Time} at=${resolvedAt} seconds=${true} />`]] : []),
    ]} />
    <${Elsewhere} anomaly=${anomaly} />
    <${kind === 'ledger-mismatch' ? Unbalanced : Evidence} kind=${kind} dataset=${dataset} evidence=${anomaly.evidence} />
    <${Section} id="history" title=${t('anomalies.history')}><${History} entries=${anomaly.history ?? []} /></${Section}>
    ${mayOn(dataset, 'judge') && html`<${Section} id="judge" title=${t('anomalies.judge')}><${Judge} key=${state} anomalies=${[anomaly]} onChange=${onChange} /></${Section}>`}`
}

/** Where a record stands in the log. */
function Place({ at: { partition, offset } }) {
  return html`<span class="mono">${partition}/${offset}</span>`
}

/** Where more of it stands, for who may see that. */
function Elsewhere({ anomaly }) {
  const { dataset, window } = anomaly
  const rejected = mayOn(dataset, 'quarantine') ? rejectedAs(anomaly) : undefined
  const around = window && {
    from: new Date(Date.parse(window.start) - AROUND_MS).toISOString(),
    to: new Date(Date.parse(window.end) + AROUND_MS).toISOString(),
  }
  const inReport = around && datasetsWhere('quality').includes(dataset)
  if (!rejected && !inReport) return null
  return html`<ul class="plain">
    ${rejected && html`<li><a href=${link(['quarantine'], rejected)}>${t('anomalies.toQuarantine')}</a></li>`}
    ${inReport && html`<li><a href=${link(['quality'], { dataset, ...around })}>${t('anomalies.toQuality')}</a></li>`}
  </ul>`
}

function Evidence({ kind, evidence = {} }) {
  const { window: _window, metric, ...shown } = evidence
  const rows = Object.entries(shown)
  if (rows.length === 0) return null
  return html`<${Section} id="evidence" title=${t('anomalies.evidence')} note=${metric && word('metric', metric)}>
    <${Facts} facts=${rows.map(([name, value]) => [word('evidence', name === 'allowed' && isPromise(metric) ? 'promised' : name), inUnit(name, value, { kind, metric })])} />
  </${Section}>`
}

const MINUTE_MS = 60_000
/** Of these, what was seen, is usual and is allowed are in the metric’s own unit. */
const inMetric = ['value', 'usual', 'scale', 'allowed']

function inUnit(name, value, { kind, metric }) {
  if (typeof value !== 'number') return name === 'since' ? html`<${Time} at=${value} />` : textOf(value)
  const plain = number(value, { maximumSignificantDigits: 4 })
  if (!metric || !inMetric.includes(name)) return plain
  const unit = (amount, name) => number(amount, { style: 'unit', unit: name, maximumSignificantDigits: 4 })
  if (kind === 'silence' && name === 'allowed') return unit(value / MINUTE_MS, 'minute')
  if (metric === 'delay') return unit(value / 1_000, 'second')
  if (['volume', 'values', 'spread'].includes(metric)) return plain
  return number(value, { style: 'percent', maximumSignificantDigits: 4 })
}

const textOf = value => (typeof value === 'string' ? value : JSON.stringify(value))

function History({ entries }) {
  if (entries.length === 0)
    return html`<${Empty} title=${t('anomalies.noHistory')}>${t('anomalies.noHistoryDo')}</${Empty}>`
  const columns = [
    { label: t('time'), head: true, show: ({ at }) => html`<${Time} at=${at} seconds=${true} />` },
    { label: t('requests.state'), show: ({ state }) => html`<${State} name=${state} />` },
    { label: t('audit.actor'), show: ({ by }) => html`<span class="mono">${by}</span>` },
    { label: t('anomalies.comment'), show: ({ comment }) => comment ?? html`<span class="soft">–</span>` },
  ]
  return html`<${Table} quiet caption=${t('anomalies.history')} rows=${[...entries].reverse()} columns=${columns} />`
}
