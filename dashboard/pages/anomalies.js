// Things that should not be, dataset by dataset, newest first; and what is looked for among them.

import { html } from 'htm/preact'
import { call, datasetsWhere } from '../kit/call.js'
import { Select } from '../kit/form.js'
import { useList } from '../kit/load.js'
import { Empty, List, Page, State } from '../kit/parts.js'
import { link, note, route } from '../kit/route.js'
import { Time } from '../kit/show.js'
import { language, t, word } from '../kit/text.js'

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
  const list = useList(JSON.stringify(inLanguage), page =>
    call(`/v1/anomalies?${new URLSearchParams({ ...inLanguage, ...page })}`),
  )
  const among = (name, label, value, family, all) =>
    html`<${Select} label=${label} value=${value} onInput=${chosen => choose({ [name]: chosen })} options=${[['', t('anomalies.any')], ...all.map(each => [each, word(family, each)])]} />`
  const isNarrow = Boolean(state || kind || severity)
  return html`<${Page} title=${t('page.anomalies')} lead=${t('anomalies.lead')}>
    <div class="asked">
      <${Select} label=${t('dataset')} value=${dataset} onInput=${name => choose({ dataset: name })} options=${names.map(name => [name, name])} />
      ${among('state', t('requests.state'), state, 'state', states)}
      ${among('severity', t('anomalies.severity'), severity, 'severity', severities)}
      ${among('kind', t('anomalies.kind'), kind, 'anomaly', kinds)}
    </div>
    <${List} list=${list} quiet caption=${t('page.anomalies')} columns=${columns()} keyOf=${({ id }) => id}
      empty=${
        isNarrow
          ? html`<${Empty} title=${t('anomalies.noneSuch')}>${t('anomalies.noneSuchDo')} <button type="button" class="quiet" onClick=${() => note(['anomalies'], { dataset })}>${t('anomalies.all')}</button></${Empty}>`
          : html`<${Empty} title=${t('anomalies.none')}>${t('anomalies.noneDo')}</${Empty}>`
      } />
  </${Page}>`
}

const columns = () => [
  {
    label: t('anomalies.kind'),
    head: true,
    show: ({ id, kind }) => html`<a href=${link(['anomalies', id])}>${word('anomaly', kind)}</a>`,
  },
  { label: t('anomalies.severity'), show: ({ severity }) => html`<${State} name=${severity} family="severity" />` },
  { label: t('requests.state'), show: ({ state }) => html`<${State} name=${state} />` },
  { label: t('anomalies.detectedAt'), show: ({ detectedAt }) => html`<${Time} at=${detectedAt} />` },
  {
    label: t('anomalies.where'),
    show: ({ pointer }) => (pointer ? html`<span class="mono">${pointer}</span>` : html`<span class="soft">–</span>`),
  },
  { label: t('anomalies.detail'), show: ({ detail }) => detail },
]
