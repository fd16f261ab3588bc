// Things that should not be, dataset by dataset, newest first; and what is looked for among them.

import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { foldFloods } from '../kit/anomalies.js'
import { call, datasetsWhere, mayOn } from '../kit/call.js'
import { Select } from '../kit/form.js'
import { useList } from '../kit/load.js'
import { Code, Empty, List, Page, State } from '../kit/parts.js'
import { link, note, route } from '../kit/route.js'
import { number, Time } from '../kit/show.js'
import { language, t, word } from '../kit/text.js'
import { Judge } from './judge.js'
import { EventLink } from './passport.js'

/** Asked for at once, which is as many as a list shows: a flood of them is one line. */
const AT_ONCE = 500
const states = ['open', 'acknowledged', 'resolved', 'false-alarm']
const severities = ['critical', 'high', 'medium', 'low']
/** By rule, by statistics, and what the house finds out of its own way of working. */
const kinds = [
  'missing',
  'inconsistent',
  'out-of-range',
  'clock-skew',
  'burst',
  'silence',
  'personal-data',
  'schema-drift',
  'unusual-volume',
  'unusual-rejections',
  'unusual-duplicates',
  'unusual-missing',
  'unusual-values',
  'unusual-delay',
  'drift',
  'conflict',
  'unreadable-record',
  'ledger-mismatch',
]

export function AnomaliesPage() {
  const names = datasetsWhere('anomalies')
  const { dataset = names[0], state = '', kind = '', severity = '' } = route.value.query
  const asked = { dataset, ...(state && { state }), ...(kind && { kind }), ...(severity && { severity }) }
  const inLanguage = { ...asked, language: language.value }
  const choose = changes => note(['anomalies'], { ...asked, ...changes })
  const among = (name, label, value, family, all) =>
    html`<${Select} label=${label} value=${value} onInput=${chosen => choose({ [name]: chosen })} options=${[['', t('anomalies.any')], ...all.map(each => [each, word(family, each)])]} />`
  const isNarrow = Boolean(state || kind || severity)
  const empty = isNarrow
    ? html`<${Empty} title=${t('anomalies.noneSuch')}>${t('anomalies.noneSuchDo')} <button type="button" class="quiet" onClick=${() => note(['anomalies'], { dataset })}>${t('anomalies.all')}</button></${Empty}>`
    : html`<${Empty} title=${t('anomalies.none')}>${t('anomalies.noneDo')}</${Empty}>`
  const [turn, setTurn] = useState(0)
  const of = JSON.stringify([turn, inLanguage])
  return html`<${Page} title=${t('page.anomalies')} lead=${t('anomalies.lead')}>
    <div class="asked">
      <${Select} label=${t('dataset')} value=${dataset} onInput=${name => choose({ dataset: name })} options=${names.map(name => [name, name])} />
      ${among('state', t('requests.state'), state, 'state', states)}
      ${among('severity', t('anomalies.severity'), severity, 'severity', severities)}
      ${among('kind', t('anomalies.kind'), kind, 'anomaly', kinds)}
    </div>
    <${Found} key=${of} of=${of} asked=${inLanguage} empty=${empty} onChange=${() => setTurn(turn + 1)} />
  </${Page}>`
}

/** A list in which a flood is one line, that opens above it. */
function Found({ of, asked, empty, onChange }) {
  const list = useList(of, ({ cursor }) =>
    call(`/v1/anomalies?${new URLSearchParams({ ...asked, limit: AT_ONCE, ...(cursor && { cursor }) })}`),
  )
  const [opened, setOpened] = useState(null)
  const open = ({ id, kind, flood }) =>
    html`<button type="button" class="quiet" aria-expanded=${opened?.id === id} onClick=${() => setOpened(opened?.id === id ? null : { id, flood })}>${word('anomaly', kind)} (${number(flood.length)})</button>`
  return html`
    ${opened && html`<${Flood} key=${opened.id} rows=${opened.flood} onClose=${() => setOpened(null)} onChange=${onChange} />`}
    <${List} list=${{ ...list, items: foldFloods(list.items) }} quiet caption=${t('page.anomalies')} columns=${columnsWith(open)} keyOf=${({ id }) => id} empty=${empty} />`
}

/** Many of one kind, severity and state, of one hour: each of them, and one judgement for all. */
function Flood({ rows, onClose, onChange }) {
  const heading = useRef(null)
  useEffect(() => heading.current.focus(), [])
  const [count, setCount] = useState(20)
  const [{ kind, dataset, detail }] = rows
  const isAlike = rows.every(each => each.detail === detail)
  const ids = rows.flatMap(({ event }) => event?.id ?? [])
  const list = {
    items: rows.slice(0, count),
    more: count < rows.length ? () => setCount(count + 50) : undefined,
  }
  const columns = [
    {
      label: t('anomalies.detectedAt'),
      head: true,
      show: ({ id, detectedAt }) =>
        html`<a href=${link(['anomalies', id])}><${Time} at=${detectedAt} seconds=${true} /></a>`,
    },
    { label: t('anomalies.about'), show: about },
    ...(isAlike ? [] : [{ label: t('anomalies.detail'), show: ({ detail }) => detail }]),
  ]
  return html`<section class="card" aria-labelledby="flood">
    <h2 id="flood" tabindex="-1" ref=${heading}>${word('anomaly', kind)} (${number(rows.length)})</h2>
    ${isAlike && html`<p>${detail}</p>`}
    <p class="note">${word('anomalyNote', kind)}</p>
    ${mayOn(dataset, 'judge') && html`<${Judge} anomalies=${rows} onChange=${onChange} />`}
    <${List} list=${list} quiet caption=${word('anomaly', kind)} columns=${columns} keyOf=${({ id }) => id} />
    ${ids.length > 0 && html`<details><summary>${t('anomalies.ids')}</summary><${Code} label=${t('anomalies.ids')} text=${ids.join('\n')} /></details>`}
    <p><button type="button" class="quiet" onClick=${onClose}>${t('close')}</button></p>
  </section>`
}

/** The field, or the event. */
function about({ dataset, pointer, event }) {
  if (event) return html`<${EventLink} dataset=${dataset} event=${event} />`
  return pointer ? html`<span class="mono">${pointer}</span>` : html`<span class="soft">–</span>`
}

const columnsWith = open => [
  {
    label: t('anomalies.kind'),
    head: true,
    show: each =>
      each.flood ? open(each) : html`<a href=${link(['anomalies', each.id])}>${word('anomaly', each.kind)}</a>`,
  },
  { label: t('anomalies.severity'), show: ({ severity }) => html`<${State} name=${severity} family="severity" />` },
  { label: t('requests.state'), show: ({ state }) => html`<${State} name=${state} />` },
  { label: t('anomalies.detectedAt'), show: ({ detectedAt }) => html`<${Time} at=${detectedAt} />` },
  {
    label: t('anomalies.about'),
    show: each => (each.flood ? html`<span class="soft">–</span>` : about(each)),
  },
  { label: t('anomalies.detail'), show: ({ detail, flood }) => (flood ? t('anomalies.flood') : detail) },
]
